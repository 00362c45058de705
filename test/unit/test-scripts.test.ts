/** Every script that runs some of the tests names files that are there. */

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
  scripts: Record<string, string>;
};

test.each(["test:providers", "test:metrics", "test:load-balancing"])("%s", (name) => {
  const [run, ...paths] = (scripts[name] ?? "").split(" test/");
  expect(run).toBe("vitest run");
  expect(paths.length).toBeGreaterThan(0);
  expect(paths.filter((path) => !existsSync(`test/${path}`))).toEqual([]);
});

test("db:generate and db:migrate run what is there", () => {
  const file = scripts["db:generate"]?.split(" ").at(-1) ?? "";
  expect([existsSync(file), file]).toEqual([true, "src/store/migrations/generate.ts"]);
  expect(scripts["db:migrate"]).toBe("npm run polygate -- migrate");
});
