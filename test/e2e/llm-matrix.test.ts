/** The matrix: each client in each way, in front of providers of each dialect. `npm run matrix` prints it. */

import { beforeAll, describe, expect, test } from "vitest";
import { clients } from "../support/llm-clients/clients.ts";
import { type Cell, dialects, tryAll, ways } from "../support/llm-clients/matrix.ts";

let cells: readonly Cell[];

beforeAll(async () => {
  cells = await tryAll(clients);
}, 120_000);

describe.each(clients)("$name", (client) => {
  describe.each(dialects)("in front of %s", (dialect) => {
    test.each(ways)("%s is what its users expect", (way) => {
      const cell = cells.find(
        (tried) => tried.client === client && tried.dialect === dialect && tried.way === way,
      );
      expect(cell).toBeDefined();
      expect(cell?.thrown).toBeUndefined();
    });
  });
});
