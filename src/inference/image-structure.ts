/** Whether an image file costs its decoder more than its size in pixels. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { heifProblem } from "./heif-structure.ts";
import { gifFrames, jpegScans, tiffPages, webpFrames } from "./image-frames.ts";

/** Scans of a progressive JPEG; encoders write about ten. */
const scansMax = 100;
/** Frames of an animation and pages of a TIFF: all are gone through, although the first is all that counts. */
const framesMax = 10_000;

interface Format {
  /** Whether a decoder would take the file for one of this format. */
  readonly begins: (beginning: string) => boolean;
  readonly problem: (bytes: Uint8Array) => string | undefined | Promise<string | undefined>;
}

function tooMany(count: number, max: number, what: string): string | undefined {
  return count > max ? `the image has more than ${max} ${what}` : undefined;
}

/** Counts as far as there may be, a slice a turn of the event loop. */
async function counted(counting: Generator<void, number, void>): Promise<number> {
  for (;;) {
    const { done, value } = counting.next();
    if (done === true) return value;
    await nextTurn();
  }
}

const formats: readonly Format[] = [
  {
    begins: (text) => text.startsWith("\xff\xd8"),
    problem: async (bytes) => tooMany(await counted(jpegScans(bytes, scansMax)), scansMax, "scans"),
  },
  {
    begins: (text) => text.startsWith("GIF"),
    problem: async (bytes) =>
      tooMany(await counted(gifFrames(bytes, framesMax)), framesMax, "frames"),
  },
  {
    begins: (text) => text.startsWith("RIFF") && text.startsWith("WEBP", 8),
    problem: async (bytes) =>
      tooMany(await counted(webpFrames(bytes, framesMax)), framesMax, "frames"),
  },
  {
    begins: (text) => /^(?:II|MM)/.test(text),
    problem: (bytes) => tooMany(tiffPages(bytes, framesMax), framesMax, "pages"),
  },
  { begins: (text) => text.startsWith("ftyp", 4), problem: heifProblem },
];

/**
 * Why a file is not given to a decoder, in words; undefined when it may be. A decoding cannot be
 * stopped, so that what makes it long has to be seen before.
 */
export async function structureProblem(bytes: Uint8Array): Promise<string | undefined> {
  const beginning = Buffer.from(bytes.subarray(0, 12)).toString("latin1");
  for (const { begins, problem } of formats) {
    const found = begins(beginning) ? await problem(bytes) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
