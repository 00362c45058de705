/** Reads multipart/form-data bodies into parts, within bounds. */

import { pipeline } from "node:stream/promises";
import { ConnectError } from "@connectrpc/connect";
import busboy from "@fastify/busboy";
import { fault } from "#errors/fault.ts";
import { DelimiterCount } from "./delimiter-count.ts";
import type { UploadedFile } from "./field-writer.ts";
import { mediaTypeFrom } from "./media-type.ts";

/** One part of a form. */
export type FormPart =
  | { readonly kind: "text"; readonly name: string; readonly text: string }
  | { readonly kind: "file"; readonly name: string; readonly file: UploadedFile };

const nameBytesMax = 256;
const partsMax = 256;
const cutOff = "it is cut off or broken";

function malformed(problem: string, cause?: unknown): ConnectError {
  return fault("BODY_MALFORMED", `multipart body: ${problem}`, { cause });
}

/** RFC 2046, 5.1.1. */
const boundaryPattern = /^[\w'()+,\-./:=? ]{1,70}$/;

function boundaryOf(contentType: string): string {
  const boundary = mediaTypeFrom(contentType).parameters.get("boundary") ?? "";
  if (boundaryPattern.test(boundary)) return boundary;
  throw malformed("the content-type names no boundary");
}

function createParser(boundary: string, bytesMax: number) {
  return new busboy.Busboy({
    headers: { "content-type": `multipart/form-data; boundary="${boundary}"` },
    limits: {
      fieldNameSize: nameBytesMax,
      fieldSize: bytesMax,
      fileSize: bytesMax,
      parts: partsMax,
      headerPairs: 32,
    },
  });
}

async function* counted(chunks: AsyncIterable<Uint8Array>, count: DelimiterCount) {
  for await (const chunk of chunks) {
    count.add(chunk);
    yield chunk;
  }
}

/**
 * The parts in their order, files held in memory; `chunks` bounds their size by itself. Throws
 * BODY_MALFORMED for what is no whole form, and what reading `chunks` throws.
 */
export async function formPartsFrom(
  chunks: AsyncIterable<Uint8Array>,
  contentType: string,
  bytesMax: number,
): Promise<FormPart[]> {
  const boundary = boundaryOf(contentType);
  const parser = createParser(boundary, bytesMax);
  const count = new DelimiterCount(boundary);
  const parts: FormPart[] = [];
  let problem: string | undefined;
  // The parser's types deny it, but a part may come without a name.
  const nameOf = (name: string | undefined): string => {
    if (name === undefined) problem = "a part has no name";
    return name ?? "";
  };
  parser.on("field", (name, text, nameTruncated) => {
    if (nameTruncated) problem = `a name is longer than ${nameBytesMax} bytes`;
    parts.push({ kind: "text", name: nameOf(name), text });
  });
  parser.on("file", (...[name, stream, , , contentType]) => {
    const pieces: Buffer[] = [];
    const file = { bytes: Buffer.of(), contentType };
    // It has its place from its head on: the parts behind it may end earlier.
    parts.push({ kind: "file", name: nameOf(name), file });
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    // The parser tells of the same failure; without a listener it would be an uncaught error.
    stream.on("error", () => {});
    stream.on("end", () => {
      file.bytes = Buffer.concat(pieces);
    });
  });
  parser.on("partsLimit", () => {
    problem = `more than ${partsMax} parts`;
  });
  try {
    await pipeline(counted(chunks, count), parser);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    throw malformed(cutOff, error);
  }
  if (problem !== undefined) throw malformed(problem);
  if (!count.closed) throw malformed(cutOff);
  // The parser passes over a part whose head it cannot read, without a word.
  if (parts.length !== count.parts) {
    throw malformed("a part's head has no end, or no content-disposition: form-data");
  }
  return parts;
}
