/**
 * How long the worst messages of 10 MiB hold up the serving thread, read and validated:
 * `node -C source bench/hostile-messages.ts [rounds]`. A row has the milliseconds of CPU of the mean and
 * of the first time, for which V8 has no code yet.
 */

import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { PredictRequestSchema } from "#gen/polygate/v1/predict_pb.js";
import { GetStatsResponseSchema } from "#gen/polygate/v1/stats_pb.js";
import { Decoders } from "#protobuf/decoder.ts";
import { ruleLimits } from "#validation/field-limits.ts";
import { MessageValidator } from "#validation/message-validator.ts";
import { testProtos } from "../test/support/test-protos.ts";

const rounds = Number(process.argv[2] ?? 20);
const bytesMax = 10 * 1024 * 1024;
/** Nearly the default: what there is beside them has some, too. */
const elementsMax = 99_950;

const decoders = new Decoders({ limitsOf: ruleLimits });
const validator = new MessageValidator(createValidator());
const lists = testProtos().getMessage("fields.Lists") as DescMessage;

function filled(bytes: number, ...piece: number[]): Buffer {
  return Buffer.alloc(Math.floor(bytes / piece.length) * piece.length, Uint8Array.from(piece));
}

function part(number: number, ...contents: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();
}

function text(number: number, content: string): Uint8Array {
  return part(number, Buffer.from(content));
}

/** As many of a piece as have `elements` in all. */
function times(elements: number, perPiece: number, piece: Uint8Array): Buffer {
  const count = Math.min(Math.floor(elements / perPiece), Math.floor(bytesMax / piece.length));
  return Buffer.alloc(count * piece.length, piece);
}

function entries(count: number, keyOf: (index: number) => string): Buffer {
  const all = Array.from({ length: count }, (_, index) => part(4, text(1, keyOf(index))));
  return Buffer.concat(all);
}

const user = text(1, "user");
const call = (...parts: Uint8Array[]) => part(3, ...parts);
const image = part(5, text(1, "x"), text(2, "image/png"));
/** A conversation that is valid and as large as it may be. */
const turns = (inner: Uint8Array, perTurn: number) => {
  const turn = part(6, user, inner);
  return times(Math.min(elementsMax, 1024 * (3 + perTurn)), 3 + perTurn, turn);
};

const cases: readonly (readonly [string, DescMessage, Uint8Array])[] = [
  ["5 million empty messages", ChatRequestSchema, filled(bytesMax, 0x32, 0)],
  ["5 million empty inputs", PredictRequestSchema, filled(bytesMax, 0x22, 0)],
  ["5 million empty images", ChatRequestSchema, part(6, filled(bytesMax, 0x2a, 0))],
  ["3.3 million unknown fields", ChatRequestSchema, filled(bytesMax, 0xf8, 0x7f, 1)],
  ["unknown groups", ChatRequestSchema, filled(bytesMax, 0xfb, 0x7f, 0xfc, 0x7f)],
  ["packed shape of 10 million", PredictRequestSchema, part(4, part(3, filled(bytesMax, 7)))],
  ["a tool's name of 10 MB", ChatRequestSchema, part(10, text(1, "a".repeat(bytesMax)))],
  ["a media type of 10 MB", ChatRequestSchema, part(6, part(5, text(2, "a".repeat(bytesMax))))],
  ["one text of 4 MB twice", ChatRequestSchema, times(2, 1, text(1, "\u{2A6D6}".repeat(1 << 20)))],
  ["one field 100,000 times", ChatRequestSchema, times(elementsMax, 1, Uint8Array.of(0x18, 1))],
  [
    "100,000 unknown fields",
    ChatRequestSchema,
    times(elementsMax, 1, Uint8Array.of(0xf8, 0x7f, 1)),
  ],
  [
    "100,000 texts of 100 bytes for one field",
    ChatRequestSchema,
    times(elementsMax, 1, text(9, "а".repeat(50))),
  ],
  ["1,024 turns without a role", ChatRequestSchema, times(1024, 1, part(6))],
  ["1,024 turns with 46 calls each", ChatRequestSchema, turns(times(92, 2, call()), 94)],
  ["1,024 turns with 16 images each", ChatRequestSchema, turns(times(64, 4, image), 66)],
  [
    "16 calls with texts of 0.6 MB",
    ChatRequestSchema,
    part(6, user, times(32, 2, call(text(4, "а".repeat(300_000))))),
  ],
  [
    "65,536 texts of a tensor",
    PredictRequestSchema,
    part(4, times(65_536, 1, text(6, "а".repeat(70)))),
  ],
  [
    "a tensor of 1.3 million doubles",
    PredictRequestSchema,
    part(4, part(5, filled(bytesMax, 1, 2, 3, 4, 5, 6, 7, 8))),
  ],
  [
    "doubles one by one",
    PredictRequestSchema,
    part(4, times(elementsMax, 1, Uint8Array.of(0x29, 1, 2, 3, 4, 5, 6, 7, 8))),
  ],
  ["a file of 10 MB", PredictRequestSchema, part(3, Buffer.alloc(bytesMax - 100))],
  ["an image of 2.6 million floats", lists, part(1, filled(bytesMax, 1, 2, 3, 4))],
  ["1.4 million packed int32", lists, part(3, filled(1_398_000, 7))],
  ["930,000 packed sint32", lists, part(7, filled(930_000, 7))],
  ["350,000 packed int64", lists, part(4, filled(349_000, 7))],
  ["350,000 packed fixed64", lists, part(10, filled(349_000 * 8, 1, 2, 3, 4, 5, 6, 7, 8))],
  ["3,800 empty messages of 24 lists each", lists, times(elementsMax, 26, part(21))],
  ["100,000 empty texts", lists, times(elementsMax, 1, part(14))],
  ["a map of 20,000 keys", GetStatsResponseSchema, entries(19_980, (index) => `key ${index}`)],
  [
    "a map of 20,000 numbers",
    GetStatsResponseSchema,
    entries(19_980, (index) => `${index * 65_536}`),
  ],
  ["one key 20,000 times", GetStatsResponseSchema, times(elementsMax, 5, part(4, text(1, "key")))],
  [
    "a Struct of 14,000 values",
    StructSchema,
    times(elementsMax, 7, part(1, text(1, "k"), part(2))),
  ],
];

/** Reads and validates; what comes of it, in words. */
function outcomeOf(type: DescMessage, bytes: Uint8Array): string {
  try {
    const message = decoders.of(type)(bytes);
    const [first] = validator.isValid(type, message) ? [] : validator.violations(type, message, 17);
    return first === undefined ? "read" : `${first.field}: ${first.description}`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Milliseconds of the serving thread's own time for so many rounds. */
function threadMs(type: DescMessage, bytes: Uint8Array, count: number): number {
  const before = process.threadCpuUsage();
  for (let round = 0; round < count; round += 1) outcomeOf(type, bytes);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

// The rules of a type are compiled when it is first met.
for (const [, type] of cases) outcomeOf(type, Buffer.alloc(0));
for (const [name, type, bytes] of cases) {
  const firstMs = threadMs(type, bytes, 1);
  const meanMs = threadMs(type, bytes, rounds) / rounds;
  const size = `${(bytes.length / 2 ** 20).toFixed(1)} MiB`;
  const outcome = outcomeOf(type, bytes).slice(0, 80);
  console.log(`| ${name} | ${size} | ${meanMs.toFixed(1)} | ${firstMs.toFixed(0)} | ${outcome} |`);
}
