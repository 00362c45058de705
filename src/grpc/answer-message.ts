/** The messages of an answer: how they are read, and what of them cannot be. */

import { Code, ConnectError } from "@connectrpc/connect";
import { reasonOf } from "#errors/fault.ts";
import type { ClientStream } from "#http2/client-stream.ts";
import { codingNames, codingOf, decompressed, type Reading } from "#protocol/compression.ts";
import { compressedFlag, type Envelope } from "#protocol/envelope.ts";
import { GrpcError } from "./grpc-error.ts";

/** How answers are read by a call that takes messages of up to so many bytes. */
export function answerReading(messageBytesMax: number): Reading {
  return { messageBytesMax, malformedCode: Code.Internal };
}

/** The end of a call whose answer has a message larger than it takes. */
export function answerTooLarge(cause?: unknown): GrpcError {
  return new GrpcError(Code.ResourceExhausted, "received message larger than allowed", { cause });
}

/** The end of a call whose answer has not the one message that its method gives back. */
export function notOneMessage(what: "no message" | "more than one message"): GrpcError {
  return new GrpcError(Code.Unimplemented, `the answer has ${what}, its method gives back one`);
}

/** What the shared rules refuse, as the end of a call; anything else as it is. */
export function refusedAnswer(thrown: unknown): unknown {
  if (!(thrown instanceof ConnectError)) return thrown;
  if (reasonOf(thrown) === "BODY_TOO_LARGE") return answerTooLarge(thrown);
  return new GrpcError(thrown.code, thrown.rawMessage, { cause: thrown });
}

/** The message in an envelope: its payload as it is, or decompressed. Rejects with what shared rules throw. */
export function messageOf(
  { flags, payload }: Envelope,
  stream: ClientStream,
  reading: Reading,
): Uint8Array | Promise<Uint8Array> {
  if ((flags & compressedFlag) === 0) return payload;
  const name = stream.header("grpc-encoding") ?? "identity";
  const coding = codingOf(name);
  if (coding === undefined && name !== "identity") {
    throw new GrpcError(Code.Internal, `grpc-encoding: "${name}" is not one of ${codingNames}`);
  }
  return decompressed(coding, payload, reading);
}
