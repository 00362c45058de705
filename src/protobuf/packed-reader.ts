/** Reads packed lists of numbers: counted first, so that nothing is made of what is more than may be. */

import { ScalarType } from "@bufbuild/protobuf";
import type { ByteReader } from "./byte-reader.ts";
import type { ValueReader } from "./scalar-reader.ts";
import { malformed } from "./unreadable.ts";

/** How the numbers of a type are read as long as they are packed. */
export interface Packed {
  /** How many lie between here and `end`. Throws MalformedError for part of one. */
  readonly count: (reader: ByteReader, end: number) => number;
  /** What one counts for. */
  readonly weight: number;
  /** Adds the `count` numbers up to `end` to what a list has: to `before`, or to a new one if that is empty. */
  readonly add: (reader: ByteReader, before: unknown[], count: number, end: number) => unknown[];
}

/** Of numbers that are read one by one, at three times the time of those with a loop of their own. */
const loopedWeight = 3;
/** Of numbers of one byte, mostly, which 10 MB have more of than of floats. */
const smallWeight = 2;
/** A bigint is an object of its own, and so is a text. */
const longWeight = 8;
const textWeight = 16;

function fixed(bytes: number): Packed["count"] {
  return ({ at }, end) => {
    const count = (end - at) / bytes;
    return Number.isInteger(count) ? count : malformed("a packed list ends within a number");
  };
}

/** The last byte of a number is the one below 0x80. */
function varints({ source, at }: ByteReader, end: number): number {
  let count = 0;
  for (let index = at; index < end; index += 1) count += ((source[index] ?? 0) >>> 7) ^ 1;
  return count;
}

function oneByOne(read: ValueReader): Packed["add"] {
  return (reader, before, count, end) => {
    const items = before.length === 0 ? new Array(count) : before;
    for (let index = before.length; reader.at < end; index += 1) items[index] = read(reader);
    return items;
  };
}

// The usual ones have a loop each. What they share, V8 could not hold to be of one kind.

const floats: Packed = {
  count: fixed(4),
  weight: 1,
  add(reader, before, count, end) {
    const view = reader.view();
    const items = before.length === 0 ? new Array(count) : before;
    let index = before.length;
    for (let at = reader.at; at < end; at += 4) items[index++] = view.getFloat32(at, true);
    reader.at = end;
    return items;
  },
};

const doubles: Packed = {
  count: fixed(8),
  weight: 1,
  add(reader, before, count, end) {
    const view = reader.view();
    const items = before.length === 0 ? new Array(count) : before;
    let index = before.length;
    for (let at = reader.at; at < end; at += 8) items[index++] = view.getFloat64(at, true);
    reader.at = end;
    return items;
  },
};

/** Numbers of 32 bits, most of which have one byte, where they are what they say. */
function small(read: ValueReader): Packed {
  return {
    count: varints,
    weight: smallWeight,
    add(reader, before, count, end) {
      const { source } = reader;
      const items = before.length === 0 ? new Array(count) : before;
      let index = before.length;
      while (reader.at < end) {
        const byte = source[reader.at] ?? 0;
        if (byte < 0x80) {
          items[index++] = byte;
          reader.at += 1;
        } else {
          items[index++] = read(reader);
        }
      }
      return items;
    },
  };
}

/** How packed numbers of a type are read, each by `read`. */
export function packedOf(type: ScalarType, read: ValueReader, longAsString: boolean): Packed {
  const longs = { weight: longAsString ? textWeight : longWeight, add: oneByOne(read) };
  const others = { weight: loopedWeight, add: oneByOne(read) };
  switch (type) {
    case ScalarType.FLOAT:
      return floats;
    case ScalarType.DOUBLE:
      return doubles;
    case ScalarType.INT32:
    case ScalarType.UINT32:
      return small(read);
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return { count: fixed(4), ...others };
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return { count: fixed(8), ...longs };
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
      return { count: varints, ...longs };
    default:
      return { count: varints, ...others };
  }
}
