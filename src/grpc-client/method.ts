/** Calls of one method over a channel, with messages of its types: a function for each kind of method. */

import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { Decoders } from "#protobuf/decoder.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { TooManyElementsError } from "#protobuf/unreadable.ts";
import { prefixBytes, sealed } from "#protocol/envelope.ts";
import type { CallOptions } from "./call.ts";
import type { GrpcChannel } from "./channel.ts";
import { GrpcError } from "./grpc-error.ts";
import type { GrpcStream } from "./grpc-stream.ts";

/** The path that a method is called by, such as /polygate.v1.ChatService/Chat. */
export function pathOfMethod(method: {
  readonly parent: { readonly typeName: string };
  readonly name: string;
}): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** What a newer server adds stays with its message, for whoever sends it on. */
const decoders = new Decoders({ keepsUnknown: true });

/** Reads messages of a type. Throws GrpcError for bytes that are none, or a message of too many elements. */
export function parserOf<O extends DescMessage>(schema: O): (bytes: Uint8Array) => MessageShape<O> {
  const decode = decoders.of(schema);
  return (bytes) => {
    try {
      return decode(bytes);
    } catch (cause) {
      const isTooLarge = cause instanceof TooManyElementsError;
      if (isTooLarge) throw new GrpcError(Code.ResourceExhausted, cause.message, { cause });
      throw new GrpcError(Code.Internal, "the response's message is not of its type", { cause });
    }
  };
}

/** Writes messages of a type into envelopes. Throws for a message that cannot be encoded. */
export function framerOf<I extends DescMessage>(
  schema: I,
): (message: MessageShape<I>) => Uint8Array {
  const encode = encoderOf(schema);
  return (message) => sealed(0, encode(message, prefixBytes));
}

/** One message for one. Rejects with GrpcError, as all below. */
export function unaryMethod<I extends DescMessage, O extends DescMessage>(
  channel: GrpcChannel,
  method: DescMethodUnary<I, O>,
): (request: MessageShape<I>, options: CallOptions) => Promise<MessageShape<O>> {
  const path = pathOfMethod(method);
  const frame = framerOf(method.input);
  const parse = parserOf(method.output);
  return async (request, options) => {
    const { message } = await channel.unary(path, frame(request), options);
    return parse(message);
  };
}

/** One message for several. Leaving the iteration cancels the call. */
export function serverStreamMethod<I extends DescMessage, O extends DescMessage>(
  channel: GrpcChannel,
  method: DescMethodServerStreaming<I, O>,
): (request: MessageShape<I>, options: CallOptions) => AsyncGenerator<MessageShape<O>, void> {
  const path = pathOfMethod(method);
  const frame = framerOf(method.input);
  const parse = parserOf(method.output);
  return async function* (request, options) {
    const answers = await channel.serverStream(path, frame(request), options);
    for await (const answer of answers) yield parse(answer);
  };
}

/** Several messages for one. */
export function clientStreamMethod<I extends DescMessage, O extends DescMessage>(
  channel: GrpcChannel,
  method: DescMethodClientStreaming<I, O>,
): (requests: AsyncIterable<MessageShape<I>>, options: CallOptions) => Promise<MessageShape<O>> {
  const path = pathOfMethod(method);
  const parse = parserOf(method.output);
  return async (requests, options) => {
    const stream = await channel.stream(path, options);
    sendAll(stream, method.input, requests);
    return parse(await stream.only());
  };
}

/** Messages both ways. Leaving the iteration cancels the call, and asks for no more requests. */
export function bidiMethod<I extends DescMessage, O extends DescMessage>(
  channel: GrpcChannel,
  method: DescMethodBiDiStreaming<I, O>,
): (
  requests: AsyncIterable<MessageShape<I>>,
  options: CallOptions,
) => AsyncGenerator<MessageShape<O>, void> {
  const path = pathOfMethod(method);
  const parse = parserOf(method.output);
  return async function* (requests, options) {
    const stream = await channel.stream(path, options);
    sendAll(stream, method.input, requests);
    for await (const answer of stream) yield parse(answer);
  };
}

/**
 * Sends the requests from now on. What they throw breaks the call off and is thrown to the response's
 * reader. Once the call is over, no more are asked for.
 */
export function sendAll<I extends DescMessage>(
  stream: GrpcStream,
  schema: I,
  requests: AsyncIterable<MessageShape<I>>,
): void {
  sendEach(stream, schema, requests).catch((thrown: unknown) => stream.cancel({ thrown }));
}

async function sendEach<I extends DescMessage>(
  stream: GrpcStream,
  schema: I,
  requests: AsyncIterable<MessageShape<I>>,
): Promise<void> {
  const frame = framerOf(schema);
  for await (const request of requests) {
    if (!(await stream.send(frame(request)))) return;
  }
  stream.closeSend();
}
