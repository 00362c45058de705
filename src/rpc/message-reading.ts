/** Reads messages out of envelopes: decompresses and decodes them, as they are asked for. */

import type { Message } from "@bufbuild/protobuf";
import type { HeldBytes } from "#core/held-bytes.ts";
import type { Coding, Reading } from "#protocol/compression.ts";
import type { Decompressor, Recipient } from "#protocol/decompressor.ts";
import { type Envelope, isCompressed } from "#protocol/envelope.ts";
import { EnvelopeReader } from "#protocol/envelope-reader.ts";
import type { Codec } from "./codec.ts";

/** How one request's messages are read. */
export interface MessageReading extends Reading {
  readonly codec: Codec;
  readonly coding: Coding | undefined;
}

/** Who decompresses them, and where their bytes are counted. */
export interface Decompressing extends Recipient {
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
  decompressing: Decompressing,
): Promise<Message> {
  const { codec, coding, malformedCode } = reading;
  const { decompressor } = decompressing;
  const bytes = await decompressor.decompressed(coding, payload, reading, decompressing);
  return codec.read(bytes, malformedCode);
}

/**
 * The messages of a request, read as they are asked for. What has come of the next and the bytes of the
 * last, until another is asked for, are held.
 */
export async function* messagesFrom(
  chunks: AsyncIterable<Uint8Array>,
  reading: MessageReading,
  decompressing: Decompressing,
): AsyncGenerator<Message> {
  const { held } = decompressing;
  const envelopes = new EnvelopeReader(chunks, reading, held);
  try {
    for (;;) {
      const next = await envelopes.next();
      if (next === undefined) return;
      yield isCompressed(next)
        ? await decompressedMessage(next, reading, decompressing)
        : plainMessage(next, reading);
      held.keepOnly(envelopes.unreadBytes);
    }
  } finally {
    await envelopes.close();
  }
}
