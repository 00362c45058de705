/**
 * Feeds the HPACK decoder with blocks of our encoder, most of them damaged, and checks what must
 * hold whatever comes: `node -C source test/fuzz/hpack.ts --seconds 60 [--seed n]`.
 */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { type Rng, seededRng } from "#core/rng.ts";
import { FieldBuffer } from "#http2/field-buffer.ts";
import { HpackDecoder } from "#http2/hpack-decoder.ts";
import { encodedFieldBytesMax, HpackEncoder, tableSizeBytesMax } from "#http2/hpack-encoder.ts";
import { below } from "../support/http2-attacker.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const endMs = performance.now() + 1000 * Number(values.seconds);
const limits = { listBytesMax: 2000, fieldsMax: 20 };
const names = [":method", ":path", "content-type", "cookie", "grpc-timeout", "x-a", "x-b", "x-c"];

function text(rng: Rng): string {
  const length = below(rng, rng.next() < 0.1 ? 600 : 30);
  return String.fromCharCode(...Array.from({ length }, () => below(rng, 256)));
}

function block(encoder: HpackEncoder, fields: readonly (readonly [string, string])[]): Buffer {
  const room = fields.reduce((sum, [name, value]) => sum + encodedFieldBytesMax(name, value), 0);
  const bytes = Buffer.alloc(room + tableSizeBytesMax);
  encoder.begin(bytes, 0);
  for (const [name, value] of fields) encoder.field(name, value);
  return bytes.subarray(0, encoder.end());
}

/** Blocks that share tables until one is damaged; returns how many were decoded. */
function conversation(rng: Rng): number {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(limits);
  for (let blocks = 1; ; blocks += 1) {
    if (rng.next() < 0.1) {
      const tableBytes = below(rng, 5000);
      encoder.setTableBytes(tableBytes);
      decoder.setTableBytesMax(tableBytes);
    }
    const fields = Array.from(
      { length: below(rng, 12) },
      () => [names[below(rng, names.length)] ?? text(rng), text(rng)] as const,
    );
    const bytes = block(encoder, fields);
    const damaged = rng.next() < 0.2;
    for (let hit = 0; damaged && hit <= below(rng, 4); hit += 1) {
      if (bytes.length > 0) bytes[below(rng, bytes.length)] = below(rng, 256);
    }
    const end = damaged && rng.next() < 0.3 ? below(rng, bytes.length) : bytes.length;
    const buffer = new FieldBuffer();
    const outcome = decoder.decode(bytes, 0, end, buffer);
    const list = buffer.from(0);
    const listBytes = list.reduce((sum, field) => sum + field.listBytes, 0);
    assert(listBytes <= limits.listBytesMax && list.length <= limits.fieldsMax);
    if (damaged) return blocks;
    assert.notEqual(outcome, "broken");
    if (outcome === "far_too_large") return blocks;
    const read = list.map(({ name, value }) => [name, value]);
    assert.deepEqual(read, fields.slice(0, read.length));
    if (outcome === "ok") assert.equal(read.length, fields.length);
  }
}

let inputs = 0;
let conversations = 0;
while (performance.now() < endMs) {
  const conversationSeed = (seed + conversations) >>> 0;
  try {
    inputs += conversation(seededRng(conversationSeed));
  } catch (error) {
    console.error(`seed ${conversationSeed}`);
    throw error;
  }
  conversations += 1;
}
console.log(
  `hpack: ${inputs} inputs in ${conversations} conversations from seed ${seed}, none against the invariants`,
);
