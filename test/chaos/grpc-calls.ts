/**
 * Chats by @grpc/grpc-js, which is nobody's of this project: a failure is what a client sees that
 * repeats unasked what a server has not looked at (gRFC A6), and where asked what is unavailable.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";

const asIs = (bytes: Buffer) => bytes;
const deadlineMs = 10_000;

/** How a client of one or several gateways behaves. */
export interface GrpcFacts {
  readonly ports: readonly number[];
  /** Repeats calls that are UNAVAILABLE, which whoever asks twice may. */
  readonly repeats?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

/** How a stream ended, and what came of it before. */
export interface StreamEnd {
  readonly messages: number;
  /** Status code; 0 when it ended whole. */
  readonly code: number;
  readonly details: string;
}

/** A client with connections of its own. */
export interface GrpcCalls extends Disposable {
  /** Resolves with undefined, or with what went wrong. */
  chat(words: string): Promise<string | undefined>;
  /** Resolves when the stream has ended, one way or another. */
  streamChat(words: string, onMessage?: (count: number) => void): Promise<StreamEnd>;
}

function optionsOf({ repeats = false }: GrpcFacts): ChannelOptions {
  const retryPolicy = {
    maxAttempts: 4,
    initialBackoff: "0.02s",
    maxBackoff: "0.2s",
    backoffMultiplier: 2,
    retryableStatusCodes: ["UNAVAILABLE"],
  };
  return {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 200,
    "grpc.service_config": JSON.stringify({
      loadBalancingConfig: [{ round_robin: {} }],
      ...(repeats && { methodConfig: [{ name: [{}], retryPolicy }] }),
    }),
  };
}

/** A client; it connects when it is used first. */
export function grpcCalls(facts: GrpcFacts): GrpcCalls {
  const target = `ipv4:${facts.ports.map((port) => `127.0.0.1:${port}`).join(",")}`;
  const client = new Client(target, credentials.createInsecure(), optionsOf(facts));
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(facts.headers ?? {})) metadata.set(name, value);
  const request = (message: string) =>
    Buffer.from(toBinary(ChatRequestSchema, create(ChatRequestSchema, { message })));
  const options = () => ({ deadline: Date.now() + (facts.deadlineMs ?? deadlineMs) });
  return {
    chat(words) {
      const { promise, resolve } = Promise.withResolvers<string | undefined>();
      client.makeUnaryRequest(
        "/polygate.v1.ChatService/Chat",
        asIs,
        asIs,
        request(words),
        metadata,
        options(),
        (error: ServiceError | null) =>
          resolve(error === null ? undefined : `${error.code} ${error.details}`),
      );
      return promise;
    },
    streamChat(words, onMessage) {
      const { promise, resolve } = Promise.withResolvers<StreamEnd>();
      const stream = client.makeServerStreamRequest(
        "/polygate.v1.ChatService/StreamChat",
        asIs,
        asIs,
        request(words),
        metadata,
        options(),
      );
      let messages = 0;
      stream.on("data", () => {
        messages += 1;
        onMessage?.(messages);
      });
      stream.on("error", () => {});
      stream.on("status", ({ code, details }) => resolve({ messages, code, details }));
      return promise;
    },
    [Symbol.dispose]: () => client.close(),
  };
}
