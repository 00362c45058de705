/** Round robin is exact, and members that come and go do not disturb it. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { roundRobin } from "#routing/balancers/round-robin.ts";
import { candidatesOf } from "../../../contract/balancer.contract.ts";

test("three members are taken in turn", () => {
  const balancer = roundRobin();
  const three = candidatesOf(["core-2", "core-1", "core-3"]);
  expect(Array.from({ length: 7 }, () => balancer(three))).toEqual([
    "core-1",
    "core-2",
    "core-3",
    "core-1",
    "core-2",
    "core-3",
    "core-1",
  ]);
});

test("the turn goes on where it was when a member leaves and when it returns", () => {
  const balancer = roundRobin();
  const all = candidatesOf(["core-1", "core-2", "core-3"]);
  const without2 = candidatesOf(["core-1", "core-3"]);
  const turns = [all, all, without2, without2, all, all].map((candidates) => balancer(candidates));
  expect(turns).toEqual(["core-1", "core-2", "core-3", "core-1", "core-2", "core-3"]);
});

test("any number of calls over any members differ by at most one", () => {
  const ids = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(ids, fc.nat(200), (members, calls) => {
      const balancer = roundRobin();
      const counts = new Map(members.map((id) => [id, 0]));
      for (let i = 0; i < calls; i += 1) {
        const id = balancer(candidatesOf(members));
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
    }),
  );
});

test("the first turn is the lowest id's, whatever ids look like", () => {
  const balancer = roundRobin();
  const members = candidatesOf(["B", "a", "0", "-"]);
  const turns = Array.from({ length: 5 }, () => balancer(members));
  expect(turns).toEqual(["-", "0", "B", "a", "-"]);
});
