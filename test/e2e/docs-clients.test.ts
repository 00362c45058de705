/**
 * The pages of docs/clients, carried out: each block that is marked `run` is run as it stands. What is
 * marked `agent` is run by test/verify/agents.ts, `verify` by python-clients.test.ts.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DocsRunner, docsPages, startDocsRunner } from "../support/docs-blocks.ts";
import { missingForPython } from "../support/llm-clients/python.ts";
import { testWith } from "../support/needs.ts";

let runner: DocsRunner;

beforeAll(async () => {
  runner = await startDocsRunner();
});

afterAll(() => runner[Symbol.asyncDispose]());

test("each family of clients has a page with something to run", () => {
  expect(docsPages.map(({ name }) => name).sort()).toEqual([
    "anthropic.md",
    "claude-code.md",
    "codex.md",
    "curl.md",
    "google-genai.md",
    "langchain.md",
    "openai.md",
    "vercel-ai-sdk.md",
  ]);
  for (const { name, blocks } of docsPages) {
    expect(blocks.length, name).toBeGreaterThan(0);
    for (const { mark } of blocks) expect(["run", "agent", "verify"]).toContain(mark);
  }
});

for (const { name, blocks } of docsPages) {
  const runs = blocks.filter(({ mark }) => mark === "run");
  if (runs.length === 0) continue;
  describe(name, () => {
    for (const block of runs) {
      const row = block.language === "python" ? testWith(missingForPython) : test;
      row(`its ${block.language} says hello, with each call that it makes`, async () => {
        const { stdout, said, asked } = await runner.run(block);
        expect(said, stdout).toBeGreaterThan(0);
        expect(said, stdout).toBe(asked);
      });
    }
  });
}
