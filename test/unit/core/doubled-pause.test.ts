/** The pause before something that has failed is tried again. */

import { expect, test } from "vitest";
import { doubledPauseMs } from "#core/doubled-pause.ts";

test("it doubles with each failure, up to the most, however many there were", () => {
  const pauses = { firstMs: 1_000, mostMs: 30_000 };
  const after = [1, 2, 3, 5, 6, 5_000].map((failures) => doubledPauseMs(failures, pauses));
  expect(after).toEqual([1_000, 2_000, 4_000, 16_000, 30_000, 30_000]);
});
