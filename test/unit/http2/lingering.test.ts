/** A request whose response is whole may go on for a while, for so many bytes, and no longer. */

import { describe, expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { windowBytesMax } from "#http2/flow.ts";
import { LingeringStreams } from "#http2/lingering.ts";

const how = { sendWindow: 10, code: errorCode.noError };
const rule = { silenceMsMax: 100, msMax: 1_000, bytesMax: 500 };

function lingering(...ids: readonly number[]): LingeringStreams {
  const streams = new LingeringStreams(rule);
  for (const id of ids) streams.add(id, how, 0);
  return streams;
}

describe("a stream that lingers", () => {
  test("is there until it is deleted, which says whether it was", () => {
    const streams = lingering(1, 3);
    expect([streams.size, streams.oldest, streams.has(1), streams.has(5)]).toEqual([
      2,
      1,
      true,
      false,
    ]);
    expect([streams.delete(1), streams.delete(1)]).toEqual([true, false]);
    expect([streams.size, streams.oldest, streams.has(1)]).toEqual([1, 3, false]);
    streams.delete(3);
    expect(streams.oldest).toBeUndefined();
  });

  test("is over after a silence, which each piece ends", () => {
    const streams = lingering(1, 3);
    expect(streams.due(99)).toEqual([]);
    streams.discard(3, 1, 60);
    expect(streams.due(100)).toEqual([1]);
    expect(streams.due(159)).toEqual([1]);
    expect(streams.due(160)).toEqual([1, 3]);
  });

  test("is over after its time, however much comes", () => {
    const streams = lingering(1);
    for (let ms = 50; ms < 1_000; ms += 50) streams.discard(1, 1, ms);
    expect([streams.due(999), streams.due(1_000)]).toEqual([[], [1]]);
  });

  test("has its time from when it began to linger", () => {
    const streams = new LingeringStreams(rule);
    streams.add(1, how, 5_000);
    for (let ms = 5_050; ms < 6_000; ms += 50) streams.discard(1, 1, ms);
    expect([streams.due(5_999), streams.due(6_000)]).toEqual([[], [1]]);
  });

  test("may send so many bytes, and not one more", () => {
    const streams = lingering(1);
    expect([streams.discard(1, 400, 1), streams.discard(1, 100, 2)]).toEqual([true, true]);
    expect(streams.discard(1, 1, 3)).toBe(false);
  });

  test("keeps to the rules of windows: 2^31-1 is the most", () => {
    const streams = lingering(1);
    expect(streams.growWindow(1, windowBytesMax - 10)).toBe(true);
    expect(streams.growWindow(1, 1)).toBe(false);
  });
});

test("of a stream that does not linger nothing is too much", () => {
  const streams = lingering();
  expect([streams.growWindow(1, windowBytesMax + 1), streams.discard(1, 1_000, 0)]).toEqual([
    true,
    true,
  ]);
});
