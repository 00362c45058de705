/**
 * Every block of code of the README and of docs is carried out by a test, or by `npm run verify` where
 * that takes minutes, or is listed here with what holds it instead. The counts are printed.
 */

import { globSync } from "node:fs";
import { expect, test } from "vitest";
import { signatureOf } from "#alerts/payload.ts";
import { blocksOf } from "../../support/docs-blocks.ts";

/** Blocks of one kind on some pages. */
interface Rule {
  readonly pages: RegExp;
  readonly kind: RegExp;
  /** What carries them out, or holds them in place of a test. */
  readonly by: string;
  /** How many there are, where a test takes each of them by itself. */
  readonly count?: number;
}

const carriedOut: readonly Rule[] = [
  // Whole pages: a kind that the test does not know fails there.
  {
    pages: /^docs\/(start\/(app|browser|ml|operator)|recipes\/|upgrade)/,
    kind: /./,
    by: "e2e/docs-pages",
  },
  { pages: /^docs\/design\/(inference|rate-limits)/, kind: /^yaml/, by: "e2e/readme" },
  {
    pages: /^README|^docs\/[\w-]+\.md$/,
    kind: /^(sh start|sh test|yaml|yaml model\.yaml)$/,
    by: "e2e/readme",
  },
  { pages: /^docs\/clients\//, kind: / run$/, by: "e2e/docs-clients" },
  { pages: /callers\.md/, kind: /^sh$/, by: "e2e/readme, e2e/keys-command", count: 2 },
  { pages: /^docs\/hooks\.md/, kind: /^js$/, by: "e2e/hooks", count: 1 },
  { pages: /monitoring\.md/, kind: /^yaml kubernetes$/, by: "e2e/monitoring", count: 1 },
  { pages: /monitoring\.md/, kind: /^js$/, by: "unit/docs/blocks", count: 1 },
  { pages: /^docs\/library\.md/, kind: /^ts \w/, by: "e2e/package", count: 3 },
  { pages: /^docs\/cli\.md/, kind: /^(sh record|text)/, by: "e2e/recordings" },
];

/** Carried out as well, but by what takes minutes: `npm run verify`. */
const verified: readonly Rule[] = [
  {
    pages: /^docs\/start\/(go|java|python|rust|typescript)/,
    kind: /./,
    by: "npm run test:clients",
  },
  { pages: /^docs\/clients\//, kind: / verify$/, by: "npm run test:python" },
  { pages: /^docs\/clients\//, kind: / agent$/, by: "npm run agents" },
];

const held: readonly Rule[] = [
  { pages: /^docs\/library\.md/, kind: /^tsx$/, by: "examples/dashboard, in e2e/package" },
  { pages: /configuration\.md/, kind: /^sh$/, by: "the same commands in e2e/config-service" },
  { pages: /monitoring\.md/, kind: /^(yaml shown)?$/, by: "the same query in e2e/monitoring" },
  { pages: /^docs\/models\.md/, kind: /^$/, by: "a picture" },
  { pages: /^docs\/design\//, kind: /^/, by: "a picture or an extract" },
];

const blocks = ["README.md", ...globSync("docs/**/*.md").toSorted()].flatMap((page) =>
  blocksOf(page).map(({ language, mark, code }) => ({
    page,
    kind: `${language} ${mark}`.trim(),
    code,
  })),
);
const ruleOf = (rules: readonly Rule[], block: (typeof blocks)[number]) =>
  rules.find(({ pages, kind }) => pages.test(block.page) && kind.test(block.kind));

test("every block is carried out by a test, or named with what holds it", () => {
  const run = blocks.filter((block) => ruleOf(carriedOut, block) !== undefined);
  const others = Map.groupBy(
    blocks.filter((block) => !run.includes(block)),
    (block) => ruleOf([...verified, ...held], block)?.by,
  );
  console.log(
    `${run.length} of ${blocks.length} blocks of code of README and docs are carried out by tests`,
  );
  for (const [by, { length }] of others) console.log(`${length} more: ${by}`);
  expect(others.get(undefined)?.map(({ page, kind }) => `${page}: ${kind}`)).toBeUndefined();
  expect(run.length).toBeGreaterThan(155);
});

test("no rule is left without its blocks", () => {
  for (const rules of [carriedOut, verified, held]) {
    const counts = Map.groupBy(blocks, (block) => ruleOf(rules, block));
    const wrong = rules.filter((rule) => {
      const { length } = counts.get(rule) ?? [];
      return length === 0 || length !== (rule.count ?? length);
    });
    expect(wrong).toEqual([]);
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
