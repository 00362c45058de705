/** The messages of a response: how they are read, and what of them cannot be. */

import { Code, ConnectError } from "@connectrpc/connect";
import { ByteBudget } from "#core/byte-budget.ts";
import { reasonOf } from "#errors/fault.ts";
import type { ClientStream } from "#http2/client-stream.ts";
import {
  bytesNeeded,
  type Coding,
  codingNames,
  codingOf,
  type Reading,
} from "#protocol/compression.ts";
import { Decompressor } from "#protocol/decompressor.ts";
import { compressedFlag, type Envelope } from "#protocol/envelope.ts";
import { GrpcError } from "./grpc-error.ts";

/** How the responses of a channel are read. */
export interface ResponseReading extends Reading {
  /** The bytes of a compressed message. Rejects with what shared rules throw. */
  decompressed(
    coding: Coding | undefined,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array>;
}

/** Largest messages that a channel decompresses at one time. */
const decompressedMax = 2;

/** How responses with messages of up to so many bytes are read. */
export function responseReading(messageBytesMax: number): ResponseReading {
  const budget = new ByteBudget(decompressedMax * bytesNeeded(messageBytesMax));
  const decompressor = new Decompressor(budget);
  // What the caller holds of them is for the caller to bound, who chose the server.
  const held = { adopt: (bytes: number) => budget.release(bytes) };
  const reading = { messageBytesMax, malformedCode: Code.Internal };
  return {
    ...reading,
    decompressed: (coding, bytes, signal = new AbortController().signal) =>
      decompressor.decompressed(coding, bytes, reading, { source: { signal }, held }),
  };
}

/** The end of a call whose response has a message larger than it takes. */
export function responseTooLarge(cause?: unknown): GrpcError {
  return new GrpcError(Code.ResourceExhausted, "received message larger than allowed", { cause });
}

/** The end of a call whose response has not the one message that its method gives back. */
export function notOneMessage(what: "no message" | "more than one message"): GrpcError {
  return new GrpcError(Code.Unimplemented, `the response has ${what}, its method returns one`);
}

/** What the shared rules refuse, as the end of a call; anything else as it is. */
export function refusedResponse(thrown: unknown): unknown {
  if (!(thrown instanceof ConnectError)) return thrown;
  if (reasonOf(thrown) === "BODY_TOO_LARGE") return responseTooLarge(thrown);
  return new GrpcError(thrown.code, thrown.rawMessage, { cause: thrown });
}

/** The message in an envelope: its payload as it is, or decompressed. Rejects with what shared rules throw. */
export function messageOf(
  { flags, payload }: Envelope,
  stream: ClientStream,
  reading: ResponseReading,
  signal: AbortSignal | undefined,
): Uint8Array | Promise<Uint8Array> {
  if ((flags & compressedFlag) === 0) return payload;
  const name = stream.header("grpc-encoding") ?? "identity";
  const coding = codingOf(name);
  if (coding === undefined && name !== "identity") {
    throw new GrpcError(Code.Internal, `grpc-encoding: "${name}" is not one of ${codingNames}`);
  }
  return reading.decompressed(coding, payload, signal);
}
