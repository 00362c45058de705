/** What is measured of a load beside a server of two cores. */

import { expect, test } from "vitest";
import { coresLeft } from "../../../bench/support/work.ts";

test("a load that has a quarter of two cores' time leaves one and a half of them", () => {
  expect(coresLeft(2, { seconds: 4, loadUs: 2_000_000 })).toBe(1.5);
});
