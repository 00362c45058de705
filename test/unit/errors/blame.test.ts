/** Each failure is somebody's fault, and the same one's everywhere: the table of reasons says whose. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { blameOf } from "#errors/blame.ts";
import { isReason, type Reason, reasons } from "#errors/reason.ts";
import { sourceFiles } from "../../support/floor-plan.ts";

const all = Object.keys(reasons).filter(isReason);

test("the log's level says nothing of blame: only the access line reads it", () => {
  const readers = sourceFiles().filter((file) =>
    /(?:rowOf\([^)]*\)|reasons\[[^\]]*\])\.log\b/.test(readFileSync(file, "utf8")),
  );
  expect(readers).toEqual(["src/interceptors/outcome.ts"]);
});

test("a failure of the gateway or a backend is never logged as routine, but for a gateway that stops", () => {
  const odd = all.filter(
    (reason) => reasons[reason].log === "info" && reasons[reason].blame !== "caller",
  );
  expect(odd).toEqual(["SHUTTING_DOWN"]);
});

test.each<[Reason | "no reason of this project", string]>([
  ["BACKEND_TIMEOUT", "upstream"],
  ["BACKEND_LOST", "upstream"],
  ["POOL_EMPTY", "upstream"],
  ["DEADLINE_EXCEEDED", "upstream"],
  ["BACKEND_CREDENTIAL", "gateway"],
  ["BACKEND_UNAUTHENTICATED", "gateway"],
  ["BACKEND_QUOTA", "gateway"],
  ["OVERLOADED", "gateway"],
  ["LIMITS_UNAVAILABLE", "gateway"],
  ["HISTORY_UNAVAILABLE", "gateway"],
  ["HOOK_FAILED", "gateway"],
  ["INTERNAL", "gateway"],
  ["BACKEND_REJECTED", "caller"],
  ["CANCELLED", "caller"],
  ["no reason of this project", "gateway"],
])("%s is the fault of the %s", (reason, blame) => {
  expect(blameOf(reason)).toBe(blame);
});
