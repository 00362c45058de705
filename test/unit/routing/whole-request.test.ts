/** A request that is used up goes to nobody else. */

import { expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import type { Choice } from "#routing/route.ts";
import { whileWhole } from "#routing/whole-request.ts";

test("the walk goes on while the request is whole, begins whatever it is, and ends once it is spent", () => {
  const choices = ["one", "two", "three"] as unknown as Choice<unknown>[];
  let isSpent = false;
  const inner = {
    name: "r",
    retryAttempts: 2,
    attemptTimeoutMs: 7,
    begin: () => ({ next: () => choices.shift(), empty: () => fault("POOL_EMPTY", "none") }),
  };
  const route = whileWhole(inner, () => isSpent);
  expect(route).toMatchObject({ name: "r", retryAttempts: 2, attemptTimeoutMs: 7 });
  const walk = route.begin();
  expect(walk.next()).toBe("one");
  expect(walk.next("BACKEND_LOST")).toBe("two");
  isSpent = true;
  expect(walk.next("BACKEND_LOST")).toBeUndefined();
  expect(walk.empty().rawMessage).toBe("none");
  expect(route.begin().next()).toBe("three");
});
