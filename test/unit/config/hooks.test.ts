/** The section `hooks`. */

import { expect, test } from "vitest";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";

test("there are none without it", () => {
  expect(settingsOf(loadYaml("{}")).hooks).toEqual([]);
});

test("modules count from the file's folder, endpoints are as they are written, and order stays", () => {
  const { hooks } = settingsOf(
    loadYaml(
      `
hooks:
  - { name: words, module: hooks/words.mjs, when: [before], models: [fast, "openai/*"], timeout: 200ms, on_error: allow }
  - { name: guard, url: "https://guard.example.com/judge", token: "\${TOKEN}", hold: true, max_stream_size: 1MB, max_decision_size: 2k }
`,
      { TOKEN: "a-token" },
    ),
  );
  expect(hooks).toEqual([
    {
      name: "words",
      source: { kind: "module", path: expect.stringMatching(/^\/.*\/hooks\/words\.mjs$/) },
      phases: ["before"],
      models: ["fast", "openai/*"],
      timeoutMs: 200,
      onError: "allow",
      holds: false,
      streamBytesMax: 4 * 1024 * 1024,
    },
    {
      name: "guard",
      source: {
        kind: "http",
        url: "https://guard.example.com/judge",
        token: "a-token",
        decisionBytesMax: 2048,
      },
      models: [],
      timeoutMs: 5_000,
      onError: "deny",
      holds: true,
      streamBytesMax: 1024 * 1024,
    },
  ]);
});

const refused: readonly [what: string, entries: string, problem: RegExp][] = [
  ["no source", "{ name: a }", /hooks\[0\]: needs a module or a url/],
  [
    "two sources",
    '{ name: a, module: a.mjs, url: "http://a/" }',
    /hooks\[0\].url: cannot be combined with module/,
  ],
  [
    "a token without a url",
    "{ name: a, module: a.mjs, token: t }",
    /hooks\[0\]\.token: is for a hook with `url`/,
  ],
  [
    "a name twice",
    "{ name: a, module: a.mjs }, { name: a, module: b.mjs }",
    /hooks\[1\]\.name: is the name of an earlier hook, too/,
  ],
  [
    "hold without after",
    "{ name: a, module: a.mjs, when: [before], hold: true }",
    /hooks\[0\]\.hold: needs `after` in `when`/,
  ],
  [
    "credentials in the url",
    '{ name: a, url: "http://user:word@a/" }',
    /hooks\[0\]\.url: expected an address/,
  ],
  [
    "another scheme",
    '{ name: a, url: "file:///etc/passwd" }',
    /hooks\[0\]\.url: expected an address/,
  ],
  [
    "another word for on_error",
    "{ name: a, module: a.mjs, on_error: ignore }",
    /hooks\[0\]\.on_error/,
  ],
  ["no name", "{ module: a.mjs }", /hooks\[0\]\.name: is required/],
  [
    "no models, which would be none",
    "{ name: a, module: a.mjs, models: [] }",
    /hooks\[0\]\.models/,
  ],
  ["a key that there is not", "{ name: a, module: a.mjs, modle: x }", /hooks\[0\]\.modle/],
];
test.each(refused)("%s is refused, with its place", (_, entries, problem) => {
  const problems = problemsOf(loadYaml(`hooks: [${entries}]`));
  expect(problems.join("\n")).toMatch(problem);
  expect(problems.join("\n")).toMatch(/^gateway\.yaml:1:/);
});

test("there are at most 64 of them", () => {
  const entries = Array.from({ length: 65 }, (_, index) => `{ name: a${index}, module: a.mjs }`);
  expect(problemsOf(loadYaml(`hooks: [${entries.slice(1)}]`))).toEqual([]);
  expect(problemsOf(loadYaml(`hooks: [${entries}]`)).join()).toMatch(/hooks/);
});
