/** Tests that need something of the machine: left out aloud, and never in CI. */

import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fateOf } from "../support/needs.ts";

test.each([
  { missing: undefined, ci: "true", fate: "run" },
  { missing: undefined, ci: undefined, fate: "run" },
  { missing: "curl is not installed", ci: undefined, fate: "skip" },
  { missing: "curl is not installed", ci: "", fate: "skip" },
  { missing: "curl is not installed", ci: "false", fate: "skip" },
  { missing: "curl is not installed", ci: "true", fate: "fail" },
  { missing: "curl is not installed", ci: "1", fate: "fail" },
] as const)("missing: $missing, CI: $ci: $fate", ({ missing, ci, fate }) => {
  expect(fateOf(missing, ci)).toBe(fate);
});

/** Rows that are skipped by design, for reasons that no machine changes. */
const byDesign: ReadonlySet<string> = new Set([
  "test/e2e/client-packages.test.ts",
  "test/e2e/deploy-logs.test.ts",
  "test/e2e/dockerfile.test.ts",
  "test/e2e/docs-languages.test.ts",
  "test/e2e/examples.test.ts",
  "test/e2e/model-clients.test.ts",
  "test/e2e/python-clients.test.ts",
  "test/e2e/rpc-matrix.test.ts",
  "test/e2e/sentence-embeddings.test.ts",
  "test/e2e/tensorflow.test.ts",
  "test/unit/rest/vectors.test.ts",
]);

test("no test decides by itself that something is missing", () => {
  const deciding = globSync("test/**/*.test.ts").filter((file) =>
    /\.(skipIf|runIf|skip)\b/.test(readFileSync(file, "utf8")),
  );
  expect(
    deciding.filter((file) => !byDesign.has(file) && file !== "test/unit/needs.test.ts"),
  ).toEqual([]);
});
