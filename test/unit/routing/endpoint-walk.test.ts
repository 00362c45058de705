/** Who comes into question for a call while endpoints recover. */

import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import { ready } from "#routing/endpoint-walk.ts";

const option = (id: string, state: Partial<EndpointState> = {}) => ({
  endpoint: { id, fitness: "fit", warmth: 1, ...state } as EndpointState,
});
const idsOf = (options: readonly { endpoint: EndpointState }[]) =>
  options.map(({ endpoint }) => endpoint.id).join("");

describe("ready", () => {
  test("takes all that are fit and warm", () => {
    expect(idsOf(ready([option("a"), option("b")], seededRng(1)))).toBe("ab");
  });

  test("asks first who is on trial, so that its recovery is found out by one call", () => {
    const options = [option("a"), option("b", { fitness: "trial" })];
    expect(idsOf(ready(options, seededRng(1)))).toBe("b");
  });

  test("has one that just recovered take part in the share of calls that its warmth says", () => {
    const rng = seededRng(1);
    const options = [option("a"), option("b", { warmth: 0.3 })];
    let taken = 0;
    for (let call = 0; call < 10_000; call += 1) {
      if (ready(options, rng).length === 2) taken += 1;
    }
    expect(Math.abs(taken / 10_000 - 0.3)).toBeLessThan(0.02);
  });

  test("takes cold ones when there are no others", () => {
    const options = [option("a", { warmth: 0.1 }), option("b", { warmth: 0.1 })];
    expect(idsOf(ready(options, { next: () => 0.99 }))).toBe("ab");
  });
});
