/**
 * What messages cost to encode and to decode, beside the library that the types come from:
 * `node -C source bench/protobuf.ts [rounds]`. Encoding includes gRPC's prefix of five bytes.
 */

import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { Decoders } from "#protobuf/decoder.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { answerTo, chatRequest, framed } from "./support/chat.ts";
import { figure, median } from "./support/statistics.ts";

const rounds = Number(process.argv[2] ?? 7);
const callsARound = 40_000;
let seen = 0;

/** Microseconds of CPU of each way, taken in turn so that a slow moment of the machine meets them all. */
function microsecondsOf(ways: readonly (() => number)[]): readonly number[] {
  const times = ways.map((): number[] => []);
  for (let round = -2; round < rounds; round += 1) {
    for (const [index, way] of ways.entries()) {
      const before = process.cpuUsage();
      for (let count = 0; count < callsARound; count += 1) seen += way();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) times[index]?.push((user + system) / callsARound);
    }
  }
  return times.map(median);
}

function compare<M extends DescMessage>(name: string, schema: M, init: MessageInitShape<M>): void {
  const message: MessageShape<M> = create(schema, init);
  const bytes = Buffer.from(toBinary(schema, message));
  const encode = encoderOf(schema);
  const decode = new Decoders().of(schema);
  const [encoding = 0, theirEncoding = 0, decoding = 0, theirDecoding = 0] = microsecondsOf([
    () => encode(message, 5).length,
    () => framed(toBinary(schema, message)).length,
    () => decode(bytes).$typeName.length,
    () => fromBinary(schema, bytes).$typeName.length,
  ]);
  tell(`encode ${name}`, encoding, theirEncoding);
  tell(`decode ${name}`, decoding, theirDecoding);
}

function tell(what: string, ours: number, theirs: number): void {
  const share = figure(theirs / ours);
  console.log(`${what}: ${figure(ours)} µs, the library ${figure(theirs)}: ${share} to 1`);
}

for (const [size, text] of [
  ["4 B", "word"],
  ["64 B", chatRequest.message],
  ["16 kB", Buffer.alloc(16_384, "word").toString()],
] as const) {
  const request = { ...chatRequest, message: text };
  compare(`ChatRequest, ${size}`, ChatRequestSchema, request);
  compare(
    `ChatResponse, ${size}`,
    ChatResponseSchema,
    answerTo(create(ChatRequestSchema, request)),
  );
  compare(`StreamChatResponse, ${size}`, StreamChatResponseSchema, { delta: text });
}
if (seen === 0) throw new Error("nothing was measured");
