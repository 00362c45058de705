/** The tries of a call are written down, a bounded number of them. */

import { expect, test } from "vitest";
import { triesOf } from "#services/backend-call.ts";
import { callRecord } from "../../support/call.ts";

test("a call that is tried without end keeps its latest tries, a hundred at most", () => {
  const record = callRecord();
  const about = { pool: "p", model: "m", algorithm: "scored", outcome: "BACKEND_LOST" };
  for (let count = 1; count <= 250; count += 1) {
    triesOf(record).push({ ...about, endpoint: `e${count}`, startedMs: 0, elapsedMs: 0 });
  }
  expect(record.tries?.length).toBeLessThanOrEqual(100);
  expect(record.tries?.at(-1)?.endpoint).toBe("e250");
});
