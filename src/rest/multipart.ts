/** Reads multipart/form-data bodies into parts, within bounds. */

import { pipeline } from "node:stream/promises";
import { ConnectError } from "@connectrpc/connect";
import busboy from "@fastify/busboy";
import { fault } from "#errors/fault.ts";
import type { UploadedFile } from "./field-writer.ts";

/** One part of a form. */
export type FormPart =
  | { readonly kind: "text"; readonly name: string; readonly text: string }
  | { readonly kind: "file"; readonly name: string; readonly file: UploadedFile };

const nameBytesMax = 256;
const partsMax = 256;

function malformed(problem: string, cause?: unknown): ConnectError {
  return fault("BODY_MALFORMED", `multipart body: ${problem}`, { cause });
}

function createParser(contentType: string, bytesMax: number) {
  try {
    return new busboy.Busboy({
      headers: { "content-type": contentType },
      limits: {
        fieldNameSize: nameBytesMax,
        fieldSize: bytesMax,
        fileSize: bytesMax,
        parts: partsMax,
        headerPairs: 32,
      },
    });
  } catch (error) {
    throw malformed("the content-type names no boundary", error);
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
  const parser = createParser(contentType, bytesMax);
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
    const field = nameOf(name);
    stream.on("data", (piece: Buffer) => pieces.push(piece));
    // The parser tells of the same failure; without a listener it would be an uncaught error.
    stream.on("error", () => {});
    stream.on("end", () => {
      parts.push({
        kind: "file",
        name: field,
        file: { bytes: Buffer.concat(pieces), contentType },
      });
    });
  });
  parser.on("partsLimit", () => {
    problem = `more than ${partsMax} parts`;
  });
  try {
    await pipeline(chunks, parser);
  } catch (error) {
    if (error instanceof ConnectError) throw error;
    throw malformed("it is cut off or broken", error);
  }
  if (problem !== undefined) throw malformed(problem);
  return parts;
}
