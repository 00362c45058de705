/**
 * Encodes messages of every kind of field, some of them no messages of their type, which must have the
 * library's outcome; and decodes their bytes, whole, damaged and blown up, which must be read by the
 * specification and within the bounds:
 * `node -C source test/fuzz/protobuf.ts --seconds 60 [--seed n]`.
 */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { type DescMessage, toBinary } from "@bufbuild/protobuf";
import { type Rng, seededRng } from "#core/rng.ts";
import { Decoders } from "#protobuf/decoder.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import {
  damaged,
  isReadByTheBook,
  messageTypes,
  outcomeOf,
  pick,
  randomMessage,
} from "../support/random-message.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const endMs = performance.now() + 1000 * Number(values.seconds);
const headroomBytes = 5;
/** So many messages are looked at again when others have been written behind them. */
const keptMax = 100;

const types = messageTypes();
let kept: { readonly ours: Buffer; readonly theirs: Uint8Array }[] = [];

function untouched(): void {
  for (const { ours, theirs } of kept) assert(ours.equals(theirs), "a message was written over");
  kept = [];
}

function written(desc: DescMessage, rng: Rng): Uint8Array | undefined {
  const message = randomMessage(desc, { rng, oddShare: pick(rng, [0, 0, 0.02]) });
  const ours = outcomeOf(() => encoderOf(desc)(message, headroomBytes));
  const theirs = outcomeOf(() => toBinary(desc, message));
  if ("error" in ours || "error" in theirs) {
    assert.deepEqual(ours, theirs);
    return undefined;
  }
  kept.push({ ours: ours.value.subarray(headroomBytes), theirs: theirs.value });
  if (kept.length > keptMax) untouched();
  return theirs.value;
}

/** So many elements are read here; what a message of as many may take in memory. */
const elementsMax = 2000;
const heapBytesMax = 4 * 1024 * 1024;
const bounding = new Decoders({ elementsMax });

/** A megabyte of what may be part of a message is read within the bounds or refused. */
function bounded(desc: DescMessage, bytes: Uint8Array, rng: Rng): void {
  const start = Math.floor(rng.next() * bytes.length);
  const piece = bytes.subarray(start, start + 1 + Math.floor(rng.next() * 40));
  if (piece.length === 0) return;
  const blownUp = Buffer.alloc(1024 * 1024, piece);
  const before = process.memoryUsage().heapUsed;
  const outcome = outcomeOf(() => bounding.of(desc)(blownUp));
  const heapBytes = process.memoryUsage().heapUsed - before;
  assert(heapBytes < heapBytesMax, `it takes ${heapBytes} bytes`);
  if ("value" in outcome) assert(elementsOf(outcome.value) <= elementsMax, "it has more elements");
}

/** Messages, items and entries of a message. */
function elementsOf(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return 0;
  if (Array.isArray(value) && typeof value[0] !== "object") return value.length / 28;
  let count = 0;
  for (const item of Object.values(value)) count += 1 + elementsOf(item);
  return "$typeName" in value ? count - Object.keys(value).length : count;
}

let messages = 0;
let inputs = 0;
for (; performance.now() < endMs; messages += 1) {
  const messageSeed = (seed + messages) >>> 0;
  const rng = seededRng(messageSeed);
  const desc = pick(rng, types);
  try {
    const bytes = written(desc, rng);
    if (bytes === undefined) continue;
    const copies = [bytes, damaged(bytes, rng), damaged(bytes, rng), damaged(bytes, rng)];
    for (const copy of copies) assert(isReadByTheBook(desc, copy), "it is read differently");
    inputs += copies.length;
    if (messages % 50 === 0) bounded(desc, pick(rng, copies), rng);
  } catch (error) {
    console.error(`seed ${messageSeed}, ${desc.typeName}`);
    throw error;
  }
}
untouched();
console.log(
  `protobuf: ${messages} messages and ${inputs} inputs from seed ${seed}, each as it must be`,
);
