/** What every balancer keeps, whatever its strategy. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candidate } from "#pool/member.ts";
import type { Balancer, Candidates } from "#routing/candidate.ts";

/** Candidates in one order, ids unique, at least one. */
export function candidatesOf(ids: readonly string[], more: Partial<Candidate> = {}): Candidates {
  const [first = "only", ...rest] = ids;
  const candidate = (id: string): Candidate => ({ id, weight: 1, inFlight: 0, ...more });
  return [candidate(first), ...rest.map(candidate)];
}

const sets = fc
  .uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z0-9-]{1,8}$/),
      weight: fc.integer({ min: 1, max: 100 }),
      inFlight: fc.nat(50),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 8 },
  )
  .map(([first, ...rest]): Candidates => [first ?? { id: "a", weight: 1, inFlight: 0 }, ...rest]);

/** Runs the suite against balancers that `create` makes anew. */
export function balancerContract(name: string, create: () => Balancer): void {
  describe(`${name}: a balancer`, () => {
    test("chooses one of the candidates, however they come and go", () => {
      fc.assert(
        fc.property(fc.array(sets, { maxLength: 40 }), (history) => {
          const balancer = create();
          for (const candidates of history) {
            expect(candidates.map(({ id }) => id)).toContain(balancer(candidates));
          }
        }),
      );
    });

    test("changes nothing that it is shown", () => {
      fc.assert(
        fc.property(sets, (candidates) => {
          const before = structuredClone(candidates);
          create()(candidates);
          expect(candidates).toEqual(before);
        }),
      );
    });

    test("chooses the only candidate every time", () => {
      const balancer = create();
      const only = candidatesOf(["core-1"], { inFlight: 999 });
      expect(Array.from({ length: 20 }, () => balancer(only))).toEqual(Array(20).fill("core-1"));
    });

    test("gives every one of equal candidates its share", () => {
      const balancer = create();
      const ids = ["core-1", "core-2", "core-3", "core-4"];
      const counts = new Map(ids.map((id) => [id, 0]));
      for (let turn = 0; turn < 4000; turn += 1) {
        const id = balancer(candidatesOf(ids));
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      for (const count of counts.values()) {
        expect(count).toBeGreaterThan(850);
        expect(count).toBeLessThan(1150);
      }
    });

    test("balancers share no turns", () => {
      const candidates = candidatesOf(["core-1", "core-2", "core-3"]);
      const used = create();
      const fresh = create();
      used(candidates);
      expect(fresh(candidates)).toBe(create()(candidates));
    });
  });
}
