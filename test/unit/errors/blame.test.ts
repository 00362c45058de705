/** Each failure is somebody's fault, and the same one's everywhere. */

import { expect, test } from "vitest";
import { blameOf } from "#errors/blame.ts";
import { isReason, type Reason, reasons } from "#errors/reason.ts";

const all = Object.keys(reasons).filter(isReason);

test("what the log takes for routine is the caller's fault, but for a gateway that stops", () => {
  const routine = all.filter((reason) => reasons[reason].log === "info");
  const others = routine.filter((reason) => blameOf(reason) !== "caller");
  expect(others).toEqual(["SHUTTING_DOWN"]);
});

test("nothing else is", () => {
  const odd = all.filter(
    (reason) => reasons[reason].log !== "info" && blameOf(reason) === "caller",
  );
  expect(odd).toEqual([]);
});

test.each<[Reason | "no reason of ours", string]>([
  ["BACKEND_TIMEOUT", "upstream"],
  ["BACKEND_LOST", "upstream"],
  ["POOL_EMPTY", "upstream"],
  ["DEADLINE_EXCEEDED", "upstream"],
  ["BACKEND_CREDENTIAL", "gateway"],
  ["BACKEND_QUOTA", "gateway"],
  ["OVERLOADED", "gateway"],
  ["INTERNAL", "gateway"],
  ["BACKEND_REJECTED", "caller"],
  ["CANCELLED", "caller"],
  ["no reason of ours", "gateway"],
])("%s is the fault of the %s", (reason, blame) => {
  expect(blameOf(reason)).toBe(blame);
});
