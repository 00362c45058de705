/**
 * Every block of code of the README and of docs is carried out by a test, or is listed here with what
 * holds it instead. The counts are printed.
 */

import { globSync } from "node:fs";
import { expect, test } from "vitest";
import { signatureOf } from "#alerts/payload.ts";
import { blocksOf } from "../../support/docs-blocks.ts";

/** A kind of block on some pages, and what carries it out; `how` says what holds it where nothing does. */
type Rule =
  | readonly [pages: RegExp, kind: RegExp]
  | readonly [pages: RegExp, kind: RegExp, how: string];

const carriedOut: readonly Rule[] = [
  // test/e2e/docs-pages.test.ts carries out whole pages: each kind that it does not know fails there.
  [/^docs\/(start|recipes)\/|^docs\/upgrade/, /./],
  // test/e2e/readme.test.ts
  [/^README|^docs\/[\w-]+\.md$/, /^(sh start|sh test|yaml|yaml model\.yaml)$/],
  // the same, and test/e2e/keys-command.test.ts
  [/callers\.md/, /^sh$/],
  // test/e2e/hooks.test.ts
  [/^docs\/hooks\.md/, /^js$/],
  // test/e2e/docs-clients.test.ts, test/e2e/python-clients.test.ts
  [/^docs\/clients\//, /(run|verify)$/],
  // test/e2e/monitoring.test.ts asks Prometheus its queries; the script is tried below.
  [/monitoring\.md/, /^(yaml kubernetes|js)$/],
];

const held: readonly Rule[] = [
  [/^docs\/clients\//, /agent$/, "npm run agents"],
  [/^docs\/cli\.md/, /^(sh record|text)/, "npm run record"],
  [/^docs\/library\.md/, /^tsx?$/, "whole programs are in test/e2e/package.test.ts"],
  [/configuration\.md/, /^sh$/, "test/e2e/config-service.test.ts runs both commands"],
  [/monitoring\.md/, /^(yaml shown)?$/, "metrics and a manifest with the query above it"],
  [/^docs\/models\.md/, /^$/, "a picture of folders"],
  [/^docs\/design\//, /^/, "pictures and extracts"],
];

const blocks = ["README.md", ...globSync("docs/**/*.md").toSorted()].flatMap((page) =>
  blocksOf(page).map(({ language, mark, code }) => ({
    page,
    kind: `${language} ${mark}`.trim(),
    code,
  })),
);
const ruleOf = (rules: readonly Rule[], { page, kind }: (typeof blocks)[number]) =>
  rules.find(([pages, kinds]) => pages.test(page) && kinds.test(kind));

test("every block is carried out by a test, or named with what holds it", () => {
  const run = blocks.filter((block) => ruleOf(carriedOut, block) !== undefined);
  const others = Map.groupBy(
    blocks.filter((block) => !run.includes(block)),
    (block) => ruleOf(held, block)?.[2],
  );
  console.log(
    `${run.length} of ${blocks.length} blocks of code of README and docs are carried out by tests`,
  );
  for (const [how, { length }] of others) console.log(`${length} more: ${how}`);
  expect(others.get(undefined)?.map(({ page, kind }) => `${page}: ${kind}`)).toBeUndefined();
  expect(run.length).toBeGreaterThan(100);
});

test("no rule is left without a block", () => {
  for (const rules of [carriedOut, held]) {
    const used = new Set(blocks.map((block) => ruleOf(rules, block)));
    expect(rules.filter((rule) => !used.has(rule))).toEqual([]);
  }
});

test("the receiver of notices that docs/monitoring.md shows takes signatures, and no others", async () => {
  const isScript = ({ page, kind }: (typeof blocks)[number]) =>
    page.endsWith("monitoring.md") && kind === "js";
  const code = blocks.find(isScript)?.code ?? "";
  const url = `data:text/javascript,${encodeURIComponent(`${code}\nexport { isFromPolygate };`)}`;
  const { isFromPolygate } = await import(/* @vite-ignore */ url);
  const signed = signatureOf("{}", "secret", Date.now());
  expect(isFromPolygate(signed, "{}", "secret")).toBe(true);
  expect(isFromPolygate(signed, "{ }", "secret")).toBe(false);
  expect(isFromPolygate(signed, "{}", "another")).toBe(false);
  expect(isFromPolygate(signatureOf("{}", "secret", Date.now() - 600_000), "{}", "secret")).toBe(
    false,
  );
});
