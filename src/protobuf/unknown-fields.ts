/** Fields that a type does not have: skipped, or kept with the message where they mean something. */

import type { UnknownField } from "@bufbuild/protobuf";
import type { ByteReader, Properties } from "./byte-reader.ts";

/** Keeps what was read from `start` on as an unknown field, if the reader keeps them. */
export function keepUnknown(
  reader: ByteReader,
  message: Properties,
  tag: number,
  start: number,
): void {
  if (reader.bounds.keepsUnknown) keep(reader, message, tag, start);
}

/** Keeps what was read from `start` on as an unknown field: an object, and so one element more. */
export function keep(reader: ByteReader, message: Properties, tag: number, start: number): void {
  reader.elements(1);
  const { buffer, byteOffset } = reader.source;
  const data = new Uint8Array(buffer, byteOffset + start, reader.at - start);
  message.$unknown ??= [];
  (message.$unknown as UnknownField[]).push({ no: tag >>> 3, wireType: tag & 7, data });
}
