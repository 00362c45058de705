/** Reads multipart/form-data bodies into parts, within bounds. */

import { turns } from "#core/turns.ts";
import { type FormPart, malformedForm } from "./form-part.ts";
import { mediaTypeFrom } from "./media-type.ts";
import { MultipartReader } from "./multipart-reader.ts";

/** RFC 2046, 5.1.1. */
const boundaryPattern = /^[\w'()+,\-./:=? ]{1,70}$/;

function boundaryOf(contentType: string): string {
  const boundary = mediaTypeFrom(contentType).parameters.get("boundary") ?? "";
  if (boundaryPattern.test(boundary)) return boundary;
  throw malformedForm("the content-type names no boundary");
}

/**
 * The parts in their order, files held in memory; `chunks` bounds their size by itself. Throws
 * BODY_MALFORMED for what is no whole form or too many parts, and what reading `chunks` throws.
 */
export async function formPartsFrom(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
): Promise<readonly FormPart[]> {
  const reader = new MultipartReader(boundaryOf(contentType));
  for await (const chunk of chunks) {
    reader.push(chunk);
    // What is here already comes without a look at anybody else.
    const pause = turns.next();
    if (pause !== undefined) await pause;
  }
  return reader.end();
}
