import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { Frame, flag, frameType, uint16, uint31, uint32 } from "#http2/frames.ts";

interface Row {
  readonly case: string;
  readonly wire: string;
  readonly error: readonly number[] | null;
  readonly frame: {
    readonly length: number;
    readonly flags: number;
    readonly type: number;
    readonly stream_identifier: number;
    readonly frame_payload: Readonly<Record<string, unknown>>;
  } | null;
}

/** What the payload says, in the words of the vectors. */
function payloadOf(frame: Frame): Readonly<Record<string, unknown>> {
  const { bytes, start, end } = frame;
  const text = (from: number, to = end) => bytes.toString("latin1", from, to);
  switch (frame.type) {
    case frameType.data:
      return { data: text(start) };
    case frameType.headers:
    case frameType.continuation:
      return { header_block_fragment: text(start) };
    case frameType.priority:
      return {
        stream_dependency: uint31(bytes, start),
        weight: (bytes[start + 4] ?? 0) + 1,
        exclusive: uint32(bytes, start) !== uint31(bytes, start),
      };
    case frameType.rstStream:
      return { error_code: uint32(bytes, start) };
    case frameType.settings: {
      const settings: number[][] = [];
      for (let at = start; at < end; at += 6)
        settings.push([uint16(bytes, at), uint32(bytes, at + 2)]);
      return { settings };
    }
    case frameType.pushPromise:
      return {
        promised_stream_id: uint31(bytes, start),
        header_block_fragment: text(start + 4),
      };
    case frameType.ping:
      return { opaque_data: text(start) };
    case frameType.goaway:
      return {
        last_stream_id: uint31(bytes, start),
        error_code: uint32(bytes, start + 4),
        additional_debug_data: text(start + 8),
      };
    default:
      return { window_size_increment: uint31(bytes, start) };
  }
}

/** What is wrong with a frame that stands alone; identifiers and increments belong to connections. */
function flawOf(frame: Frame): number {
  const flaw = frame.flaw(16_384) || frame.trim();
  if (flaw !== errorCode.noError) return flaw;
  if (frame.type === frameType.priority && frame.length !== 5) return errorCode.frameSizeError;
  const number = uint31(frame.bytes, frame.start);
  if (frame.type === frameType.windowUpdate && number === 0) return errorCode.protocolError;
  if (frame.type === frameType.pushPromise && number % 2 === 1) return errorCode.protocolError;
  if (frame.type === frameType.pushPromise && number === 0) return errorCode.protocolError;
  return errorCode.noError;
}

const rows: Row[] = readFileSync("test/fixtures/http2/frames.jsonl", "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));

test("all vectors are there", () => {
  expect(rows.length).toBe(34);
});

for (const row of rows) {
  test(`vector ${row.case}`, () => {
    const frame = new Frame();
    frame.readHead(Buffer.from(row.wire, "hex"), 0);
    const flaw = flawOf(frame);
    if (row.error !== null) {
      expect(row.error).toContain(flaw);
      return;
    }
    expect(flaw).toBe(errorCode.noError);
    const { type, flags, length, streamId: stream_identifier } = frame;
    expect({ type, flags, length, stream_identifier }).toEqual({
      type: row.frame?.type,
      flags: row.frame?.flags,
      length: row.frame?.length,
      stream_identifier: row.frame?.stream_identifier,
    });
    expect(row.frame?.frame_payload).toMatchObject(payloadOf(frame));
  });
}

const trims = [
  {
    name: "padding is taken off",
    type: frameType.data,
    flags: flag.padded,
    payload: "026162ffff",
    left: "6162",
    flaw: 0,
  },
  {
    name: "a payload may be all padding",
    type: frameType.data,
    flags: flag.padded,
    payload: "0100",
    left: "",
    flaw: 0,
  },
  {
    name: "padding as long as the payload is refused",
    type: frameType.data,
    flags: flag.padded,
    payload: "0200",
    left: "",
    flaw: errorCode.protocolError,
  },
  {
    name: "a missing length of padding is refused",
    type: frameType.data,
    flags: flag.padded,
    payload: "",
    left: "",
    flaw: errorCode.frameSizeError,
  },
  {
    name: "a priority is taken off HEADERS",
    type: frameType.headers,
    flags: flag.priority,
    payload: "000000010f82",
    left: "82",
    flaw: 0,
  },
  {
    name: "a priority that is cut is refused",
    type: frameType.headers,
    flags: flag.priority,
    payload: "00000001",
    left: "",
    flaw: errorCode.protocolError,
  },
] as const;

for (const { name, type, flags, payload, left, flaw } of trims) {
  test(name, () => {
    const frame = new Frame();
    const bytes = Buffer.from(payload, "hex");
    const head = Buffer.from([0, 0, bytes.length, type, flags, 0, 0, 0, 1]);
    frame.readHead(Buffer.concat([head, bytes]), 0);
    expect(frame.trim()).toBe(flaw);
    if (flaw === 0) expect(frame.bytes.toString("hex", frame.start, frame.end)).toBe(left);
  });
}

test("the reserved bit of a stream identifier means nothing", () => {
  const frame = new Frame();
  frame.readHead(Buffer.from("000000000080000003", "hex"), 0);
  expect(frame.streamId).toBe(3);
});
