/** Reads and writes the messages of a method, in each of the formats. */

import { isUtf8 } from "node:buffer";
import {
  createRegistry,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  type Message,
  type Registry,
  toJsonString,
} from "@bufbuild/protobuf";
import type { Code, ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import type { Decoders } from "#protobuf/decoder.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { FieldLimitError, TooManyElementsError } from "#protobuf/unreadable.ts";
import { messageFromJsonText } from "#protocol/json-text.ts";
import type { Format } from "./content-type.ts";

/** Input and output of one method in one format. */
export interface Codec {
  /**
   * Throws BODY_MALFORMED with `malformedCode` for bytes that are no such message, BODY_TOO_LARGE for
   * one of too many elements, REQUEST_INVALID for one of which a field is too long.
   */
  read(bytes: Uint8Array, malformedCode: Code): Message;
  /**
   * The bytes of a message behind `headroomBytes` that the caller may fill; in lent memory, perhaps,
   * if `mayLend`.
   */
  write(message: Message, headroomBytes: number, mayLend?: boolean): Uint8Array;
}

/** Every type that the services' files know, for google.protobuf.Any. */
export function registryOf(services: readonly DescService[]): Registry {
  const files = new Set<DescFile>();
  const add = (file: DescFile) => {
    if (files.has(file)) return;
    files.add(file);
    file.dependencies.forEach(add);
  };
  for (const service of services) add(service.file);
  return createRegistry(...files);
}

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error("it is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

/** `read`, with what it throws as the fault of whoever sent the bytes. */
function reading(format: string, read: (bytes: Uint8Array) => Message): Codec["read"] {
  return (bytes, malformedCode) => {
    try {
      return read(bytes);
    } catch (cause) {
      if (cause instanceof FieldLimitError) throw fieldTooLong(cause);
      if (cause instanceof TooManyElementsError) throw tooManyElements(cause);
      const problem = cause instanceof Error ? cause.message : "it cannot be read";
      throw fault("BODY_MALFORMED", `the message is not ${format} of its type: ${problem}`, {
        code: malformedCode,
        cause,
      });
    }
  };
}

/** Told as `validate` tells it of a message that has been read. */
function fieldTooLong({ message, field, expected }: FieldLimitError): ConnectError {
  return fault("REQUEST_INVALID", message, { fields: [{ field, description: expected }] });
}

function tooManyElements({ elementsMax }: TooManyElementsError): ConnectError {
  const text = `the message has more than ${elementsMax} elements (max_request_elements)`;
  return fault("BODY_TOO_LARGE", text, { metadata: { limit_elements: String(elementsMax) } });
}

function protoCodec(input: DescMessage, output: DescMessage, decoders: Decoders): Codec {
  return {
    read: reading("protobuf", decoders.of(input)),
    write: encoderOf(output),
  };
}

function jsonCodec(input: DescMessage, output: DescMessage, registry: Registry): Codec {
  const readOptions = { ignoreUnknownFields: true, registry };
  const writeOptions = { registry };
  return {
    read: reading("JSON", (bytes) => messageFromJsonText(input, textOf(bytes), readOptions)),
    write(message, headroomBytes) {
      const text = toJsonString(output, message, writeOptions);
      const bytes = Buffer.allocUnsafe(headroomBytes + Buffer.byteLength(text));
      bytes.write(text, headroomBytes);
      return bytes;
    },
  };
}

/**
 * The codecs of a method by format. `registry` holds the types that google.protobuf.Any may carry,
 * `decoders` the bounds of messages.
 */
export function codecsOf(
  { input, output }: DescMethod,
  registry: Registry,
  decoders: Decoders,
): Readonly<Record<Format, Codec>> {
  return { proto: protoCodec(input, output, decoders), json: jsonCodec(input, output, registry) };
}
