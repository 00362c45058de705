/** How a stream closed is known for a while, and what is forgotten is said to be. */

import { expect, test } from "vitest";
import { ClosedStreams } from "#http2/closed-streams.ts";

test("the last 128 closings are known, and older ones are not", () => {
  const closed = new ClosedStreams();
  for (let id = 1; id <= 300; id += 1) {
    closed.remember(id, id % 2 === 0 ? "ended" : "reset_by_peer");
    expect(closed.hasForgotten).toBe(id > 128);
  }
  const known = Array.from({ length: 301 }, (_, id) => id).filter((id) => closed.find(id));
  expect([known[0], known.length]).toEqual([173, 128]);
  expect([closed.find(299), closed.find(300)]).toEqual(["reset_by_peer", "ended"]);
});

test("of a stream that closed twice, as one that lingered does, the later closing counts wherever it is kept", () => {
  for (let before = 0; before < 130; before += 1) {
    const closed = new ClosedStreams();
    for (let id = 1; id <= before; id += 1) closed.remember(1000 + id, "ended");
    closed.remember(7, "reset_by_us");
    for (let id = 1; id <= 50; id += 1) closed.remember(2000 + id, "ended");
    closed.remember(7, "reset_by_peer");
    expect(closed.find(7)).toBe("reset_by_peer");
  }
});

test("nothing is known of a stream that did not close", () => {
  const closed = new ClosedStreams();
  expect([closed.find(1), closed.hasForgotten]).toEqual([undefined, false]);
  closed.remember(3, "ended");
  expect(closed.find(1)).toBeUndefined();
});
