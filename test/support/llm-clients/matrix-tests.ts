/** The matrix as tests: a row for each client, dialect and way. */

import { beforeAll, describe, expect, test } from "vitest";
import type { LlmClient } from "./client.ts";
import { type Cell, dialects, tryAll, ways } from "./matrix.ts";

/** Tries the clients, in so much time at most, and has a test for each cell. */
export function matrixOf(tried: readonly LlmClient[], timeoutMs = 120_000): void {
  let cells: readonly Cell[];

  beforeAll(async () => {
    cells = await tryAll(tried);
  }, timeoutMs);

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
