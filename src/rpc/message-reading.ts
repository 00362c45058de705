/** Reads messages out of envelopes: decompresses and decodes them, as they are asked for. */

import type { Message } from "@bufbuild/protobuf";
import type { HeldBytes } from "#core/held-bytes.ts";
import type { Coding, Reading } from "#protocol/compression.ts";
import type { Decompressor, Recipient } from "#protocol/decompressor.ts";
import { type Envelope, isCompressed } from "#protocol/envelope.ts";
import type { EnvelopeReader } from "#protocol/envelope-reader.ts";
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

/** The message of an envelope that is not compressed. Throws, or rejects, as `Codec.read` does. */
export function plainMessage(
  { payload }: Envelope,
  { codec, malformedCode }: MessageReading,
): Message | Promise<Message> {
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
  return await codec.read(bytes, malformedCode);
}

/**
 * The messages of a request, read as they are asked for. What the last was decompressed to is held
 * until another is asked for; the body's own bytes are counted by whoever carries it.
 */
export async function* messagesFrom(
  envelopes: EnvelopeReader,
  reading: MessageReading,
  decompressing: Decompressing,
): AsyncGenerator<Message> {
  try {
    for (;;) {
      const next = await envelopes.next();
      if (next === undefined) return;
      yield await (isCompressed(next)
        ? decompressedMessage(next, reading, decompressing)
        : plainMessage(next, reading));
      decompressing.held.keepOnly(0);
    }
  } finally {
    await envelopes.close();
  }
}
