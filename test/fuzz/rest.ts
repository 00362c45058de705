/**
 * Sends the transcoder requests of every kind with anything wrong in them, for as long as asked, and
 * checks what must hold whatever comes: `node -C source test/fuzz/rest.ts --seconds 60 [--seed n]`.
 */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type DescMethodBiDiStreaming,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  type JsonObject,
  type Message,
} from "@bufbuild/protobuf";
import { type ConnectRouter, createContextValues } from "@connectrpc/connect";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { methodExtras } from "#method-extras.ts";
import { createRest, type Rest } from "#rest/rest.ts";
import { createCallPath } from "#rpc/call.ts";
import { MemoryExchange, type MemoryRequest } from "../support/memory-exchange.ts";
import { RestAttacker } from "../support/rest-attacker.ts";
import { testProtos, testService } from "../support/test-protos.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const endMs = performance.now() + 1000 * Number(values.seconds);
/** A request that takes longer than this hangs. */
const hangMs = 10_000;
/** The heap may grow by this much between a tenth of the run and its end. */
const growthBytesMax = 24 * 1024 * 1024;

const registry = testProtos();
const streams = testService(registry, "vectors.StreamService");
const vectors = testService(registry, "vectors.VectorService");

function handlers(router: ConnectRouter): void {
  router.service(ChatService, {
    chat: ({ message }) => ({ response: message }),
    async *streamChat({ message }) {
      for (const delta of message.split(" ")) yield { delta };
    },
  });
  const piece = (fields: object) => fields as Message;
  for (const method of [...streams.methods, ...vectors.methods]) {
    switch (method.methodKind) {
      case "unary":
        router.rpc(method as DescMethodUnary, (input) =>
          method.input === method.output ? input : piece({}),
        );
        break;
      case "server_streaming":
        router.rpc(method as DescMethodServerStreaming, async function* answer() {
          yield piece({ number: 1 });
          yield piece({ number: 2 });
        });
        break;
      case "client_streaming":
        router.rpc(method as DescMethodClientStreaming, async (inputs) => {
          let number = 0;
          for await (const _ of inputs) number += 1;
          return piece({ number });
        });
        break;
      case "bidi_streaming":
        router.rpc(method as DescMethodBiDiStreaming, async function* echo(inputs) {
          yield* inputs;
        });
        break;
    }
  }
}

const rule = (name: string, more: JsonObject) =>
  fromJson(HttpRuleSchema, { selector: `vectors.VectorService.${name}`, ...more });

const rest: Rest = createRest(createCallPath(handlers, []), {
  bodyBytesMax: 1 << 16,
  clock: systemClock,
  extrasOf: methodExtras,
  ignoredQueryParameters: ["utm_*"],
  rules: [
    rule("BindParameterValues", {
      post: "/v1/params",
      body: "*",
      additionalBindings: [
        { get: "/v1/params/{string_value}/{int32_value}/{nested.timestamp}:go" },
        { get: "/v1/deep/{double_value}/{choice_text=**}" },
      ],
    }),
    rule("BindUpdate", { patch: "/v1/update/{abe.uuid}", body: "abe" }),
  ],
});

function check(request: MemoryRequest, exchange: MemoryExchange): void {
  if (request.leaves && !exchange.ended) return;
  assert(exchange.ended && !exchange.broken, "a request is answered");
  // A deadline that the request names may well have passed: 504 is the answer to that.
  assert(
    (exchange.status >= 200 && exchange.status < 500) || exchange.status === 504,
    `status ${exchange.status}: ${exchange.text}`,
  );
  const type = exchange.answerHeaders.find(([name]) => name === "content-type")?.[1];
  if (type !== "application/json" || request.method === "HEAD") return;
  const body = JSON.parse(exchange.text);
  if (exchange.status >= 400) {
    assert.match(body.error.code, /^[A-Z_]+$/);
    assert.equal(body.error.request_id, "fuzz");
    assert.doesNotMatch(body.error.message, /node_modules|\.ts:\d|at Object/);
  }
}

/** Sends one request; tells its status, 0 where nothing here takes it. */
async function attack(attacker: RestAttacker): Promise<number> {
  const request = attacker.next();
  const match = rest.match(request.method, request.target);
  if (match === undefined) return 0;
  const exchange = new MemoryExchange(request);
  const context = { requestId: "fuzz", values: createContextValues() };
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs")), hangMs);
  });
  try {
    await Promise.race([rest.serve(exchange, match, context), hang]);
    check(request, exchange);
  } catch (error) {
    console.error(
      request.method,
      request.target,
      request.headers,
      Buffer.concat(request.chunks ?? []).toString(),
    );
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return exchange.status;
}

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");
function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const startMs = performance.now();
const statuses = new Map<number, number>();
let requests = 0;
let early = 0;
while (performance.now() < endMs) {
  const attackSeed = (seed + requests) >>> 0;
  try {
    const attacker = new RestAttacker(seededRng(attackSeed));
    const status = await attack(attacker);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  } catch (error) {
    console.error(`seed ${attackSeed}`);
    throw error;
  }
  requests += 1;
  if (early === 0 && performance.now() - startMs > (endMs - startMs) / 10) early = heapBytes();
}
const growth = heapBytes() - early;
assert(growth < growthBytesMax, `the heap grew by ${growth} bytes`);
const counts = [...statuses].sort(([one], [other]) => one - other);
console.log(
  `rest: ${requests} requests from seed ${seed}, none against the invariants; heap grew by ` +
    `${Math.round(growth / 1024)} KiB; by status ${counts.map((each) => each.join(": ")).join(", ")}`,
);
process.exit(0);
