/** The matrix: each client in each way, in front of providers of each dialect. `npm run matrix` prints it. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clients } from "../support/llm-clients/clients.ts";
import { dialects, type Stage, startStage, tryCell, ways } from "../support/llm-clients/matrix.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

describe.each(clients)("$name", (client) => {
  describe.each(dialects)("in front of %s", (dialect) => {
    test.each(ways)("%s is what its users expect", async (way) => {
      await expect(tryCell(stage, { client, dialect, way })).resolves.toBeUndefined();
    });
  });
});
