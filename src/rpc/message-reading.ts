/** Reads messages out of envelopes: decompresses and decodes them, as they are asked for. */

import type { Message } from "@bufbuild/protobuf";
import { type Coding, decompressed, type Reading } from "#protocol/compression.ts";
import { compressedFlag, type Envelope } from "#protocol/envelope.ts";
import type { EnvelopeReader } from "#protocol/envelope-reader.ts";
import type { Codec } from "./codec.ts";

/** How one request's messages are read. */
export interface MessageReading extends Reading {
  readonly codec: Codec;
  readonly coding: Coding | undefined;
}

/** The message of one envelope, later when it is compressed. Fails with BODY_MALFORMED or BODY_TOO_LARGE. */
export function messageFrom(
  { flags, payload }: Envelope,
  reading: MessageReading,
): Message | Promise<Message> {
  const { codec, coding, malformedCode } = reading;
  if ((flags & compressedFlag) === 0) return codec.read(payload, malformedCode);
  return decompressed(coding, payload, reading).then((bytes) => codec.read(bytes, malformedCode));
}

/** The messages of a request, read as they are asked for. */
export async function* messagesFrom(
  envelopes: EnvelopeReader,
  reading: MessageReading,
): AsyncGenerator<Message> {
  try {
    for (;;) {
      const next = await envelopes.next();
      if (next === undefined) return;
      yield await messageFrom(next, reading);
    }
  } finally {
    await envelopes.close();
  }
}
