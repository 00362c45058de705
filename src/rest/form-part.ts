/** One part of a multipart form: what it becomes. */

import { malformedForm, type PartHead } from "#forms/part-head.ts";
import { mediaTypeFrom } from "#http/media-type.ts";
import type { UploadedFile } from "./field-writer.ts";

/** One part of a form. */
export type FormPart =
  | { readonly kind: "text"; readonly name: string; readonly text: string }
  | { readonly kind: "file"; readonly name: string; readonly file: UploadedFile };

function textOf(bytes: Uint8Array, { name, contentType }: PartHead): string {
  const charset = mediaTypeFrom(contentType).parameters.get("charset") ?? "utf-8";
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformedForm(`${name} is not valid ${charset}`, cause);
  }
}

/** The part of a head and its content. Throws BODY_MALFORMED for text that is none. */
export function formPart(head: PartHead, bytes: Uint8Array): FormPart {
  const { name, contentType, isFile } = head;
  return isFile
    ? { kind: "file", name, file: { bytes, contentType } }
    : { kind: "text", name, text: textOf(bytes, head) };
}
