import { expect, test } from "vitest";
import { SendRing } from "#http2/scheduler.ts";
import { Stream } from "#http2/stream.ts";

test("streams come in the order in which they were added, each once", () => {
  const ring = new SendRing<Stream>();
  const streams = [1, 3, 5].map((id) => new Stream(id));
  for (const stream of [...streams, ...streams]) ring.add(stream);
  expect(ring.isEmpty).toBe(false);
  expect([ring.next()?.id, ring.next()?.id, ring.next()?.id, ring.next()]).toEqual([
    1,
    3,
    5,
    undefined,
  ]);
  expect(ring.isEmpty).toBe(true);
});

test("a stream that had its turn stands behind the others", () => {
  const ring = new SendRing<Stream>();
  for (let id = 1; id <= 5; id += 2) ring.add(new Stream(id));
  const turns: number[] = [];
  for (let turn = 0; turn < 300; turn += 1) {
    const stream = ring.next();
    if (stream === undefined) break;
    turns.push(stream.id);
    ring.add(stream);
  }
  expect(turns.slice(0, 6)).toEqual([1, 3, 5, 1, 3, 5]);
  expect(turns.slice(-3)).toEqual([1, 3, 5]);
});
