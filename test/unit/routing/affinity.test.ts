/** A session stays where it is; how sessions are spread, and how many move, is in spread.test.ts. */

import { describe, expect, it } from "vitest";
import { stickTo } from "#routing/affinity.ts";

const keys = Array.from({ length: 100 }, (_, index) => `session-${index}`);
const endpoints = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `endpoint-${index}`, weight: 1 }));

describe("affinity", () => {
  it("gives a key the same endpoint, whatever the order of the endpoints", () => {
    for (const key of keys) {
      expect(stickTo(key, endpoints(5)).id).toBe(stickTo(key, endpoints(5).toReversed()).id);
    }
  });

  it("gives a key the endpoint that every version of the gateway gives it, for replicas may differ", () => {
    const three = ["a", "b", "c"].map((id, index) => ({ id, weight: index + 1 }));
    const given = keys.slice(0, 40).map((key) => stickTo(key, three).id);
    expect(given.join("")).toBe("bcbcbccccccccbcccccbbbccbbbbccbcbbbabccb");
  });
});
