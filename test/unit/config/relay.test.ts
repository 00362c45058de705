/** The section `relay`: whose provider takes what names no model, and what ids are signed with. */

import { expect, test } from "vitest";
import { problemText } from "#yaml/problem.ts";
import { loadYaml } from "../../support/config-folder.ts";

function problemsOf(relay: string): string[] {
  const providers =
    "providers: { openai: { api_key: k }, claude: { dialect: anthropic, api_key: k } }";
  const loaded = loadYaml(`${providers}\nrelay: ${relay}\n`);
  return loaded.ok ? [] : loaded.problems.map(problemText);
}

test("a provider that is there and speaks OpenAI's API, and a long secret, are taken", () => {
  expect(problemsOf("{}")).toEqual([]);
  const secret = "x".repeat(32);
  expect(problemsOf(`{ provider: openai, id_secret: ${secret}, look_ahead: 1MB }`)).toEqual([]);
});

test.each([
  ["{ provider: claude }", /relay\.provider: is no provider that speaks OpenAI's API .*openai/],
  ["{ provider: nobody }", /relay\.provider: is no provider/],
  ["{ id_secret: short }", /relay\.id_secret: .*at least 32/],
  ["{ look_ahead: 65MB }", /relay\.look_ahead/],
  ["{ lookahead: 1MB }", /relay\.lookahead.*look_ahead/],
])("%s is refused", (relay, problem) => {
  expect(problemsOf(relay)).toEqual([expect.stringMatching(problem)]);
});

test("a refusal does not show the secret", () => {
  expect(problemsOf("{ id_secret: a-short-secret }").join()).not.toContain("a-short-secret");
});
