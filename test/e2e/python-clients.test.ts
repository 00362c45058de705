/**
 * The clients of Google and LangChain in Python, whose packages are many: run by `npm run test:python`,
 * which `npm run verify` installs them for. The matrix of clients, and the blocks of docs/clients that are marked `verify`.
 */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DocsRunner, docsPages, startDocsRunner } from "../support/docs-blocks.ts";
import { matrixOf } from "../support/llm-clients/matrix-tests.ts";
import { missingForMorePython, morePythonClients } from "../support/llm-clients/python.ts";
import { describeWith } from "../support/needs.ts";

/** Installing them takes minutes: `npm run test:python` asks for these tests. */
const isAsked = process.env.PYTHON_CLIENTS !== undefined;
/** LangChain alone takes seconds to load. */
const blockTimeoutMs = 120_000;
if (!isAsked) console.log("skipped: `npm run test:python` asks for more clients in Python");
const carriedOut = isAsked ? describeWith(missingForMorePython()) : describe.skip;

carriedOut("more clients in Python", () => {
  matrixOf(morePythonClients, 600_000);

  describe("the blocks of docs/clients", () => {
    let runner: DocsRunner;

    beforeAll(async () => {
      runner = await startDocsRunner();
    });

    afterAll(() => runner[Symbol.asyncDispose]());

    for (const { name, blocks } of docsPages) {
      for (const block of blocks.filter(({ mark }) => mark === "verify")) {
        test(
          `${name} says hello, with each call that it makes`,
          async () => {
            const { stdout, said, asked } = await runner.run(block);
            expect(said, stdout).toBeGreaterThan(0);
            expect(said, stdout).toBe(asked);
          },
          blockTimeoutMs,
        );
      }
    }
  });
});
