/**
 * What messages cost to encode and to decode, beside the library that the types come from:
 * `node -C source bench/protobuf.ts [rounds]`. Encoding includes gRPC's prefix of five bytes.
 */

import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { encoderOf } from "#protobuf/encoder.ts";
import { answerTo, chatRequest, framed } from "./support/chat.ts";
import { figure, median } from "./support/statistics.ts";

const rounds = Number(process.argv[2] ?? 7);
const roundMs = 40;
let bytesSeen = 0;

/** Microseconds of each way, taken in turn so that a slow moment of the machine meets them all. */
function microsecondsOf(ways: readonly (() => number)[]): readonly number[] {
  const times = ways.map((): number[] => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, way] of ways.entries()) {
      const startMs = performance.now();
      let count = 0;
      for (; performance.now() - startMs < roundMs; count += 50) {
        for (let repeat = 0; repeat < 50; repeat += 1) bytesSeen += way();
      }
      if (round >= 0) times[index]?.push(((performance.now() - startMs) * 1000) / count);
    }
  }
  return times.map(median);
}

function compare<M extends DescMessage>(name: string, schema: M, init: MessageInitShape<M>): void {
  const message: MessageShape<M> = create(schema, init);
  const encode = encoderOf(schema);
  const [ours = 0, theirs = 0] = microsecondsOf([
    () => encode(message, 5).length,
    () => framed(toBinary(schema, message)).length,
  ]);
  console.log(
    `encode ${name}: ${figure(ours)} µs, the library ${figure(theirs)}: ${figure(theirs / ours)} to 1`,
  );
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
if (bytesSeen === 0) throw new Error("nothing was measured");
