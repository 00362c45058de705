/** The bytes of an answer's message, decompressed where they have to be. */

import { Code } from "@connectrpc/connect";
import type { ClientStream } from "#http2/client-stream.ts";
import { codingNames, codingOf } from "#protocol/compression.ts";
import { compressedFlag, type Envelope } from "#protocol/envelope.ts";
import { answerTooLarge } from "./deframer.ts";
import { GrpcError } from "./grpc-error.ts";

/** The payload as it was before its coding. Rejects with GrpcError. */
export async function decompressed(
  payload: Uint8Array,
  stream: ClientStream,
  bytesMax: number,
): Promise<Uint8Array> {
  const name = stream.header("grpc-encoding") ?? "identity";
  const coding = codingOf(name);
  if (coding === undefined) {
    const known = name === "identity" ? "none was named" : `not one of ${codingNames}`;
    throw new GrpcError(Code.Internal, `a message is compressed, its coding is ${known}`);
  }
  if (payload.length === 0) return payload;
  try {
    return await coding.decompress(payload, bytesMax);
  } catch (cause) {
    if (cause instanceof RangeError) throw answerTooLarge(bytesMax);
    throw new GrpcError(Code.Internal, `a message is not ${coding.name}`, { cause });
  }
}

/** Whether `decompressed` has work with a message. */
export function isCompressed({ flags }: Envelope): boolean {
  return (flags & compressedFlag) !== 0;
}
