/** The section `history`: where it is kept. */

import { expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

const url = "postgres://someone:never-to-be-seen@db.example.com/history";

test("DATABASE_URL names the database, before the file's", () => {
  const { history } = settingsOf(loadYaml("history: { url: 'postgresql:///local' }"));
  expect(history.url).toBe("postgresql:///local");
  const yaml = "history: { url: 'postgresql:///local' }";
  expect(settingsOf(loadYaml(yaml, { DATABASE_URL: url })).history.url).toBe(url);
});

test.each(["mysql://someone:never-to-be-seen@host/x", "someone:never-to-be-seen@host", "//x"])(
  "what is no address of PostgreSQL is refused and not repeated: %s",
  (written) => {
    expect(problemsOf(loadYaml("{}", { DATABASE_URL: written }))).toEqual([
      "environment DATABASE_URL: history.url: expected an address such as postgres://user@host/database",
    ]);
  },
);

test("a file beside a database is refused", () => {
  expect(problemsOf(loadYaml("history: { path: x.db }", { DATABASE_URL: url }))).toEqual([
    "environment DATABASE_URL: history.url: cannot be combined with `history.path` (hint: keep one of them)",
  ]);
});
