/** The field of a method that takes a body of its media types as bytes. */

import { create, type DescMethod, type Message, ScalarType } from "@bufbuild/protobuf";
import type { FieldIndex, FieldTarget } from "./field-path.ts";
import { FieldWriter } from "./field-writer.ts";
import type { MethodExtras } from "./method-extras.ts";

/** Where uploads go. */
export interface Upload {
  readonly target: FieldTarget;
  /** Of bodies that are the bytes, such as image/png; `image/*` for all of a kind. */
  readonly mediaTypes: readonly string[];
}

/** Where a method's uploads go; undefined when it takes none. Throws for a field that is not of bytes. */
export function uploadOf(
  method: DescMethod,
  index: FieldIndex,
  { upload }: MethodExtras,
): Upload | undefined {
  if (upload === undefined) return undefined;
  const { field: name, mediaTypes } = upload;
  const target = index.target(method.input, name);
  if (target?.field.fieldKind !== "scalar" || target.field.scalar !== ScalarType.BYTES) {
    throw new Error(`upload names no field of bytes: ${name}`);
  }
  return { target, mediaTypes };
}

/** Whether a body of this media type is the bytes themselves. */
export function takesBody({ mediaTypes }: Upload, type: string): boolean {
  return mediaTypes.some((taken) =>
    taken.endsWith("/*") ? type.startsWith(taken.slice(0, -1)) : type === taken,
  );
}

/** The request message with the bytes in their field. */
export function messageFromUpload(
  { input }: DescMethod,
  { target }: Upload,
  bytes: Uint8Array,
): Message {
  const writer = new FieldWriter(create(input), input);
  writer.file(target, target.path, { bytes, contentType: "" });
  return writer.message;
}
