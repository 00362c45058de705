/**
 * What a gRPC unary call costs in the lane itself, without a wire: `node -C source bench/rpc-unary.ts
 * [rounds]`. Three interceptors that do nothing; prints microseconds a call, the parts beside it.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import { createContextValues, type Interceptor } from "@connectrpc/connect";
import { ChatRequestSchema, ChatResponseSchema, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { Decoders } from "#protobuf/decoder.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { envelope, prefixBytes } from "#protocol/envelope.ts";
import { createCallPath } from "#rpc/call.ts";
import { createRpc } from "#rpc/rpc.ts";
import { NullExchange, type NullRequest } from "./support/null-exchange.ts";

const decode = new Decoders().of(ChatRequestSchema);
const encode = encoderOf(ChatResponseSchema);
const rounds = Number(process.argv[2] ?? 5);
const callsARound = 100_000;
/** Calls under way at once, as on a busy connection. */
const inFlight = 64;

const request = toBinary(
  ChatRequestSchema,
  create(ChatRequestSchema, {
    message: "What is the weather like in the capital of Iceland today?",
  }),
);
const answer = create(ChatResponseSchema, {
  response: "I cannot look out of the window, but it is probably windy.",
  modelUsed: "polyagent-reference-1",
});
const exchanged: NullRequest = {
  target: "/polygate.v1.ChatService/Chat",
  fields: {
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "bench",
    authorization: "Bearer something",
  },
  body: envelope(0, request),
};

const empty: Interceptor = (next) => (call) => next(call);
const calls = createCallPath(
  (router) => {
    router.service(ChatService, { chat: () => answer });
  },
  [empty, empty, empty],
);
const rpc = createRpc(calls, { readBytesMax: 1 << 20 });
const procedure = rpc.procedureOf(exchanged.target);
if (procedure === undefined) throw new Error("no such method");

/** Calls until all are answered; resolves with microseconds a call. */
async function callsUs(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  let done = 0;
  const begin = () => {
    begun += 1;
    void rpc.serve(
      new NullExchange(exchanged, answered),
      procedure as never,
      createContextValues(),
    );
  };
  const answered = () => {
    done += 1;
    if (done === callsARound) resolve();
    else if (begun < callsARound) begin();
  };
  const start = process.hrtime.bigint();
  for (let index = 0; index < inFlight; index += 1) begin();
  await promise;
  return Number(process.hrtime.bigint() - start) / 1000 / callsARound;
}

function messagesUs(): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < callsARound; index += 1) {
    decode(request);
    encode(answer, prefixBytes);
  }
  return Number(process.hrtime.bigint() - start) / 1000 / callsARound;
}

for (let round = 0; round < rounds; round += 1) {
  const messages = messagesUs();
  const call = await callsUs();
  console.log(
    `round ${round + 1}: ${call.toFixed(2)} µs a call, of which decoding and encoding ${messages.toFixed(2)}`,
  );
}
