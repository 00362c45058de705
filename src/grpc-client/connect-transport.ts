/** Connect's clients over a channel: createClient(Service, createGrpcTransport(channel)). */

import {
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  ConnectError,
  type ContextValues,
  createContextValues,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { runStreamingCall, runUnaryCall } from "@connectrpc/connect/protocol";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import type { CallOptions } from "./call.ts";
import type { GrpcChannel } from "./channel.ts";
import { GrpcError } from "./grpc-error.ts";
import type { GrpcStream } from "./grpc-stream.ts";
import { framerOf, parserOf, pathOfMethod, sendAll } from "./method.ts";

/** What is put around each call. */
export interface GrpcTransportOptions {
  readonly interceptors?: Interceptor[];
  /** Coding of messages that are worth it; identity when absent. */
  readonly encoding?: NonNullable<CallOptions["encoding"]>;
}

/** The error as Connect's callers know it: code, text, details, and all metadata of the response. */
function connectErrorFrom(thrown: unknown): unknown {
  if (!(thrown instanceof GrpcError)) return thrown;
  const { message, code, header = [], trailer = [], details, cause } = thrown;
  const error = new ConnectError(
    message,
    code,
    [...header, ...trailer],
    undefined,
    cause ?? thrown,
  );
  if (details === undefined) return error;
  try {
    const status = fromBinary(StatusSchema, details);
    for (const { typeUrl, value } of status.details) {
      error.details.push({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value });
    }
  } catch {
    // Details that cannot be read take nothing from the status itself.
  }
  return error;
}

async function orConnectError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    throw connectErrorFrom(thrown);
  }
}

/** The response's messages; `trailer` is filled when they have ended. */
async function* messagesOf<O extends DescMessage>(
  schema: O,
  stream: GrpcStream,
  trailer: Headers,
): AsyncGenerator<MessageShape<O>> {
  const parse = parserOf(schema);
  try {
    for await (const answer of stream) yield parse(answer);
  } catch (thrown) {
    throw connectErrorFrom(thrown);
  }
  for (const [name, value] of stream.trailer) trailer.append(name, value);
}

/** A transport that speaks gRPC over `channel`, which stays its maker's to dispose of. */
export function createGrpcTransport(
  channel: GrpcChannel,
  { interceptors = [], encoding }: GrpcTransportOptions = {},
): Transport {
  const optionsOf = (
    request: { readonly header: Headers; readonly signal: AbortSignal },
    timeoutMs: number | undefined,
  ): CallOptions => ({
    metadata: request.header,
    signal: request.signal,
    // Connect's own signal keeps the time.
    signalKeepsTime: true,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(encoding === undefined ? {} : { encoding }),
  });
  const requestOf = <M extends DescMethodUnary | DescMethodStreaming>(
    method: M,
    header: ConstructorParameters<typeof Headers>[0],
    contextValues: ContextValues = createContextValues(),
  ) => ({
    service: method.parent,
    method,
    requestMethod: "POST",
    url: pathOfMethod(method),
    header: new Headers(header),
    contextValues,
  });
  const callOf = (signal: AbortSignal | undefined, timeoutMs: number | undefined) => ({
    interceptors,
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

  return {
    // biome-ignore lint/complexity/useMaxParams: the interface is Connect's
    unary(method, signal, timeoutMs, header, input, values) {
      return runUnaryCall({
        ...callOf(signal, timeoutMs),
        req: { ...requestOf(method, header, values), stream: false, message: input },
        async next(request) {
          const answer = await orConnectError(
            channel.unary(
              pathOfMethod(request.method),
              framerOf(request.method.input)(request.message),
              optionsOf(request, timeoutMs),
            ),
          );
          return {
            stream: false,
            service: request.service,
            method: request.method,
            header: answer.header,
            trailer: answer.trailer,
            message: parserOf(request.method.output)(answer.message),
          };
        },
      });
    },
    // biome-ignore lint/complexity/useMaxParams: the interface is Connect's
    stream(method, signal, timeoutMs, header, input, values) {
      return runStreamingCall({
        ...callOf(signal, timeoutMs),
        req: { ...requestOf(method, header, values), stream: true, message: input },
        async next(request) {
          const options = optionsOf(request, timeoutMs);
          const stream = await orConnectError(
            channel.stream(pathOfMethod(request.method), options),
          );
          sendAll(stream, request.method.input, request.message);
          const trailer = new Headers();
          return {
            stream: true,
            service: request.service,
            method: request.method,
            header: await orConnectError(stream.header()),
            trailer,
            message: messagesOf(request.method.output, stream, trailer),
          };
        },
      });
    },
  };
}
