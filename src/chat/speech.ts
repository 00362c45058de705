/** Spoken responses: the raw samples that models make, in the formats that clients ask for. Pure. */

import type { MediaPart } from "#gen/polygate/v1/conversation_pb.js";
import { audioTypeOf } from "./media.ts";

/** Formats that raw samples can be written in without an encoder. */
export const sampleFormats: readonly string[] = ["wav", "pcm16"];

/** Samples a second where no one says, and always in `pcm16`. */
const rateDefault = 24_000;
const sampleBytes = 2;
const headerBytes = 44;

const samplesType = /^audio\/(?:l16|pcm)\b/i;
const rateParameter = /;\s*rate=(\d{4,6})\b/i;

/** Samples a second of raw 16-bit samples of one channel; undefined for other media. */
function rateOf({ mediaType }: MediaPart): number | undefined {
  if (!samplesType.test(mediaType)) return undefined;
  return Number(rateParameter.exec(mediaType)?.[1] ?? rateDefault);
}

/** The header of a WAV file of one channel. */
function wavHeader(length: number, rate: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(headerBytes - 8 + length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  // Samples without compression, of one channel.
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * sampleBytes, 28);
  header.writeUInt16LE(sampleBytes, 32);
  header.writeUInt16LE(sampleBytes * 8, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(length, 40);
  return header;
}

/**
 * The bytes of one recording that may have come in pieces. Undefined where they would need an encoder,
 * or another rate.
 */
export function speechIn(format: string, pieces: readonly MediaPart[]): Buffer | undefined {
  const [first, ...others] = pieces;
  const bytes = pieces.map(({ source }) =>
    source.case === "data" ? source.value : new Uint8Array(0),
  );
  if (first === undefined) return undefined;
  const rate = rateOf(first);
  if (rate === undefined) {
    const isAsAsked = others.length === 0 && first.mediaType === audioTypeOf(format);
    return isAsAsked ? Buffer.concat(bytes) : undefined;
  }
  if (others.some(({ mediaType }) => mediaType !== first.mediaType)) return undefined;
  const samples = Buffer.concat(bytes);
  if (format === "wav") return Buffer.concat([wavHeader(samples.length, rate), samples]);
  return format === "pcm16" && rate === rateDefault ? samples : undefined;
}
