/** A header block is one frame or a few, within its bounds, and what waits for the rest holds nothing else. */

import { describe, expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { Frame, flag, frameType } from "#http2/frames.ts";
import { HeaderBlock } from "#http2/header-block.ts";

function frameOf(type: number, flags: number, payload: Buffer | string, id = 3): Frame {
  const bytes = Buffer.from(payload as string);
  const head = Buffer.from([0, bytes.length >> 8, bytes.length & 255, type, flags, 0, 0, 0, id]);
  const frame = new Frame();
  frame.readHead(Buffer.concat([head, bytes]), 0);
  return frame;
}

const headers = (flags: number, payload: Buffer | string) =>
  frameOf(frameType.headers, flags, payload);
const continuation = (flags: number, payload: Buffer | string) =>
  frameOf(frameType.continuation, flags, payload);
const textOf = ({ bytes, start, end }: HeaderBlock) => bytes.toString("latin1", start, end);

describe("a block", () => {
  test("of one frame is read where it lies", () => {
    const block = new HeaderBlock();
    expect(block.open).toBe(false);
    const frame = headers(flag.endHeaders | flag.endStream, "abc");
    expect(block.begin(frame)).toBe(errorCode.noError);
    expect([block.open, block.streamId, block.endsStream, textOf(block)]).toEqual([
      false,
      3,
      true,
      "abc",
    ]);
    expect(block.bytes).toBe(frame.bytes);
    block.release();
    expect(block.bytes).toHaveLength(0);
  });

  test("of several is their payloads one behind the other, in memory of its own", () => {
    const block = new HeaderBlock();
    block.begin(headers(0, "abc"));
    expect([block.open, block.endsStream, block.bytes.buffer.byteLength]).toEqual([true, false, 3]);
    expect(block.append(continuation(0, "de"), 100)).toBe(true);
    expect([block.open, block.bytes.buffer.byteLength]).toEqual([true, 5]);
    expect(block.append(continuation(flag.endHeaders, "f"), 100)).toBe(true);
    expect([block.open, textOf(block)]).toEqual([false, "abcdef"]);
  });

  test("is the same when the read that brought its beginning has changed", () => {
    const block = new HeaderBlock();
    const frame = headers(0, "abc");
    block.begin(frame);
    frame.bytes.fill(0);
    block.append(continuation(flag.endHeaders, "d"), 100);
    expect(textOf(block)).toBe("abcd");
  });

  test("may have so many bytes, and not one more", () => {
    const block = new HeaderBlock();
    block.begin(headers(0, "abc"));
    expect(block.append(continuation(0, "de"), 5)).toBe(true);
    expect(block.append(continuation(0, "f"), 5)).toBe(false);
  });

  test("may have eight frames, empty ones included", () => {
    const block = new HeaderBlock();
    block.begin(headers(0, ""));
    for (let frame = 2; frame <= 8; frame += 1) {
      expect(block.append(continuation(0, ""), 100)).toBe(true);
    }
    expect(block.append(continuation(flag.endHeaders, ""), 100)).toBe(false);
    block.begin(headers(0, ""));
    expect(block.append(continuation(0, ""), 100)).toBe(true);
  });
});

describe("a priority", () => {
  const on = (id: number) => Buffer.from([0, 0, 0, id, 16, 0x82]);

  test.each([
    ["on its own stream", flag.priority, on(3), true],
    [
      "on its own stream, behind the length of padding",
      flag.priority | flag.padded,
      Buffer.concat([Buffer.of(0), on(3)]),
      true,
    ],
    ["on its own stream, exclusively", flag.priority, Buffer.from([0x80, 0, 0, 3, 16, 0x82]), true],
    ["on another stream", flag.priority, on(1), false],
    ["that is none: bytes of the block which look like one", 0, on(3), false],
  ])("%s", (_name, flags, payload, dependsOnItself) => {
    const block = new HeaderBlock();
    expect(block.begin(headers(flags | flag.endHeaders, payload))).toBe(errorCode.noError);
    expect(block.dependsOnItself).toBe(dependsOnItself);
    expect(block.bytes[block.end - 1]).toBe(0x82);
  });

  test("that is cut off is a flaw, and nothing is begun", () => {
    const block = new HeaderBlock();
    expect(block.begin(headers(flag.priority, "abc"))).toBe(errorCode.protocolError);
    expect([block.open, block.streamId]).toEqual([false, 0]);
  });
});
