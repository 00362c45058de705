/** The matrix: each client in each way, in front of providers of each dialect. `npm run matrix` prints it. */

import { beforeAll, describe, expect, test } from "vitest";
import type { LlmClient } from "../support/llm-clients/client.ts";
import { clients } from "../support/llm-clients/clients.ts";
import { type Cell, dialects, tryAll, ways } from "../support/llm-clients/matrix.ts";
import { missingForPython, pythonClients } from "../support/llm-clients/python.ts";
import { describeWith } from "../support/needs.ts";

function matrixOf(tried: readonly LlmClient[]): void {
  let cells: readonly Cell[];

  beforeAll(async () => {
    cells = await tryAll(tried);
  }, 120_000);

  describe.each(tried)("$name", (client) => {
    describe.each(dialects)("in front of %s", (dialect) => {
      test.each(ways)("%s is what its users expect", (way) => {
        const cell = cells.find(
          (one) => one.client === client && one.dialect === dialect && one.way === way,
        );
        expect(cell).toBeDefined();
        expect(cell?.thrown).toBeUndefined();
      });
    });
  });
}

describe("in TypeScript", () => matrixOf(clients));

describeWith(missingForPython)("in Python", () => matrixOf(pythonClients));
