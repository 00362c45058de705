/** One call over a grpc-js client: unary as a promise, a server stream as an iterable. */

import {
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type CallOptions, type Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { faultFromStatus } from "./status.ts";

/** A client and what it may send. */
export interface CoreChannel {
  readonly client: Client;
  /** Greatest encoded request, in bytes. */
  readonly messageBytesMax: number;
}

/** What travels with a call; an empty request id is not sent. */
export interface CoreCall {
  readonly signal: AbortSignal;
  readonly requestId: string;
  readonly timeoutMs?: number;
}

/** Resolves with the answer; an abort of the signal cancels the call at once. Throws faults. */
export async function callUnary<I extends DescMessage, O extends DescMessage>(
  channel: CoreChannel,
  method: DescMethodUnary<I, O>,
  request: MessageShape<I>,
  call: CoreCall,
): Promise<MessageShape<O>> {
  throwIfAborted(call.signal);
  const bytes = encode(channel, method.input, request);
  const { promise, resolve, reject } = Promise.withResolvers<MessageShape<O>>();
  const active = channel.client.makeUnaryRequest(
    pathOf(method),
    asIs,
    (answer: Buffer) => fromBinary(method.output, answer),
    bytes,
    metadataOf(call),
    optionsOf(call),
    (error: ServiceError | null, answer?: MessageShape<O>) => {
      if (answer === undefined) reject(faultFromStatus(error ?? {}, call));
      else resolve(answer);
    },
  );
  const cancel = () => active.cancel();
  call.signal.addEventListener("abort", cancel, { once: true });
  try {
    return await promise;
  } finally {
    call.signal.removeEventListener("abort", cancel);
  }
}

/**
 * Yields messages as they are pulled: a reader that rests makes the core rest (HTTP/2 flow control).
 * An abort, and leaving the iteration, cancel the call at once. Throws faults.
 */
export async function* callServerStream<I extends DescMessage, O extends DescMessage>(
  channel: CoreChannel,
  method: DescMethodServerStreaming<I, O>,
  request: MessageShape<I>,
  call: CoreCall,
): AsyncGenerator<MessageShape<O>, void, undefined> {
  throwIfAborted(call.signal);
  const stream = channel.client.makeServerStreamRequest(
    pathOf(method),
    asIs,
    (message: Buffer) => fromBinary(method.output, message),
    encode(channel, method.input, request),
    metadataOf(call),
    optionsOf(call),
  );
  // The status of a cancelled call arrives when nobody iterates any more.
  stream.on("error", () => undefined);
  const cancel = () => stream.cancel();
  call.signal.addEventListener("abort", cancel, { once: true });
  try {
    for await (const message of stream) {
      throwIfAborted(call.signal);
      yield message as MessageShape<O>;
    }
  } catch (error) {
    throw isServiceError(error) ? faultFromStatus(error, call) : error;
  } finally {
    call.signal.removeEventListener("abort", cancel);
    stream.cancel();
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "metadata" in error && "details" in error && "code" in error;
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw faultFrom(signal.reason);
}

/** Encoded here, not by grpc-js, so that a request beyond the limit is refused in our words. */
function encode<I extends DescMessage>(
  { messageBytesMax }: CoreChannel,
  schema: I,
  request: MessageShape<I>,
): Buffer {
  const { buffer, byteOffset, byteLength } = toBinary(schema, request);
  if (byteLength > messageBytesMax) {
    throw fault(
      "BODY_TOO_LARGE",
      `the request is ${byteLength} bytes for the core, the limit is ${messageBytesMax}`,
    );
  }
  return Buffer.from(buffer, byteOffset, byteLength);
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function pathOf(method: { readonly parent: { readonly typeName: string }; readonly name: string }) {
  return `/${method.parent.typeName}/${method.name}`;
}

function metadataOf({ requestId }: CoreCall): Metadata {
  const metadata = new Metadata();
  if (requestId !== "") metadata.set("x-request-id", requestId);
  return metadata;
}

function optionsOf({ timeoutMs }: CoreCall): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}
