/** Reads messages out of envelopes: decompresses and decodes them, as they are asked for. */

import type { Message } from "@bufbuild/protobuf";
import type { HeldBytes } from "#core/held-bytes.ts";
import type { Coding, Reading } from "#protocol/compression.ts";
import type { Decompressor, Recipient } from "#protocol/decompressor.ts";
import { type Envelope, isCompressed } from "#protocol/envelope.ts";
import { EnvelopeReader } from "#protocol/envelope-reader.ts";
import type { Codec } from "./codec.ts";

/** How one request's messages are read, and where their bytes are counted. */
export interface MessageReading extends Reading, Recipient {
  readonly codec: Codec;
  readonly coding: Coding | undefined;
  readonly decompressor: Decompressor;
  readonly held: HeldBytes;
}

/** The message of an envelope that is not compressed. Throws as `Codec.read` does. */
export function plainMessage(
  { payload }: Envelope,
  { codec, malformedCode }: MessageReading,
): Message {
  return codec.read(payload, malformedCode);
}

/** The message of an envelope that is. Rejects as `Decompressor` and `Codec.read` do. */
export async function decompressedMessage(
  { payload }: Envelope,
  reading: MessageReading,
): Promise<Message> {
  const { codec, coding, decompressor, malformedCode } = reading;
  const bytes = await decompressor.decompressed(coding, payload, reading, reading);
  return codec.read(bytes, malformedCode);
}

/**
 * The messages of a request, read as they are asked for. What has come of the next and the bytes of the
 * last, until another is asked for, are held.
 */
export async function* messagesFrom(
  chunks: AsyncIterable<Uint8Array>,
  reading: MessageReading,
): AsyncGenerator<Message> {
  const { held } = reading;
  const envelopes = new EnvelopeReader(chunks, reading, held);
  try {
    for (;;) {
      const next = await envelopes.next();
      if (next === undefined) return;
      yield isCompressed(next)
        ? await decompressedMessage(next, reading)
        : plainMessage(next, reading);
      held.keepOnly(envelopes.unreadBytes);
    }
  } finally {
    await envelopes.close();
  }
}
