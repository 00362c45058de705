/**
 * Encodes messages of every kind of field, some of them no messages of their type, and decodes their
 * bytes, whole and damaged; each outcome must be the library's:
 * `node -C source test/fuzz/protobuf.ts --seconds 60 [--seed n]`.
 */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { type DescMessage, toBinary } from "@bufbuild/protobuf";
import { type Rng, seededRng } from "#core/rng.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import {
  damaged,
  isReadAlike,
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
    for (const copy of copies) assert(isReadAlike(desc, copy), "it is read differently");
    inputs += copies.length;
  } catch (error) {
    console.error(`seed ${messageSeed}, ${desc.typeName}`);
    throw error;
  }
}
untouched();
console.log(
  `protobuf: ${messages} messages and ${inputs} inputs from seed ${seed}, each as the library has it`,
);
