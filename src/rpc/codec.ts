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
import { free } from "#core/free.ts";
import { turns } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import { JsonProblem, TooManyJsonElements } from "#json/problem.ts";
import { JsonReader, type JsonReaderOptions } from "#json/reader.ts";
import type { Decoders } from "#protobuf/decoder.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { FieldLimitError, TooManyElementsError } from "#protobuf/unreadable.ts";
import { tooManyElements } from "#protocol/compression.ts";
import type { Format } from "./content-type.ts";

/** Input and output of one method in one format. */
export interface Codec {
  /**
   * The message of `bytes`, which are its own from then on: those that JSON was read of are freed.
   * At once, but for long JSON. Throws, or rejects with, BODY_MALFORMED with `malformedCode` for bytes
   * that are no such message, BODY_TOO_LARGE for one of too many elements, and REQUEST_INVALID for
   * what is more than is read, such as a field that is too long.
   */
  read(bytes: Uint8Array, malformedCode: Code): Message | Promise<Message>;
  /**
   * The bytes of a message after `headroomBytes` that the caller may fill; in a pooled buffer, perhaps,
   * if `poolable`.
   */
  write(message: Message, headroomBytes: number, poolable?: boolean): Uint8Array;
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

/** Decoding more than this takes so long that others go first before it is read, in bytes. */
const decodedBytesMax = 1024 * 1024;

function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error("it is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

function malformed(format: string, thrown: unknown, code: Code): ConnectError {
  const problem = thrown instanceof Error ? thrown.message : "it cannot be read";
  const message = `the message is not ${format} of its type: ${problem}`;
  return fault("BODY_MALFORMED", message, { code, cause: thrown });
}

/** What is wrong with a JSON text, as the fault of whoever sent it. */
function jsonFault(thrown: unknown, code: Code): ConnectError {
  if (!(thrown instanceof JsonProblem)) return malformed("JSON", thrown, code);
  const { kind, description, path, message } = thrown;
  const cause = thrown;
  if (thrown instanceof TooManyJsonElements) return tooManyElements(thrown.elementsMax, thrown);
  if (kind === "limit") {
    return fault("REQUEST_INVALID", `the message exceeds a limit: ${description}`, { cause });
  }
  const fields = path === "" ? {} : { fields: [{ field: path, description }] };
  // Reported as validation does it for a message that has been read.
  if (kind === "rule") return fault("REQUEST_INVALID", message, { cause, ...fields });
  const text = `the message is not JSON of its type: ${message}`;
  return fault("BODY_MALFORMED", text, { code, cause, ...fields });
}

async function refusing(message: Promise<Message>, malformedCode: Code): Promise<Message> {
  try {
    return await message;
  } catch (thrown) {
    throw jsonFault(thrown, malformedCode);
  }
}

/** What is wrong with the bytes of a message. */
function protobufFault(thrown: unknown, code: Code): ConnectError {
  if (thrown instanceof TooManyElementsError) return tooManyElements(thrown.elementsMax, thrown);
  if (!(thrown instanceof FieldLimitError)) return malformed("protobuf", thrown, code);
  // Reported as `validate` does it for a message that has been read.
  const { message, field, expected } = thrown;
  return fault("REQUEST_INVALID", message, { fields: [{ field, description: expected }] });
}

function protoCodec(input: DescMessage, output: DescMessage, decoders: Decoders): Codec {
  const decode = decoders.of(input);
  return {
    read(bytes, malformedCode) {
      try {
        return decode(bytes);
      } catch (thrown) {
        throw protobufFault(thrown, malformedCode);
      }
    },
    write: encoderOf(output),
  };
}

function jsonCodec(input: DescMessage, output: DescMessage, options: JsonReaderOptions): Codec {
  const reader = new JsonReader({ ...options, ignoreUnknownFields: true });
  const writeOptions = { registry: options.registry };
  return {
    read(bytes, malformedCode) {
      try {
        const isShort = bytes.length <= decodedBytesMax;
        const text = textOf(bytes);
        free(bytes);
        const message = isShort
          ? reader.read(input, text)
          : turns.later().then(() => reader.read(input, text));
        return message instanceof Promise ? refusing(message, malformedCode) : message;
      } catch (thrown) {
        throw jsonFault(thrown, malformedCode);
      }
    },
    write(message, headroomBytes) {
      const text = toJsonString(output, message, writeOptions);
      const bytes = Buffer.allocUnsafe(headroomBytes + Buffer.byteLength(text));
      bytes.write(text, headroomBytes);
      return bytes;
    },
  };
}

/** What bounds the messages that are read. */
export interface ReadingBounds {
  readonly decoders: Decoders;
  readonly json: JsonReaderOptions;
}

/** The codecs of a method by format. */
export function codecsOf(
  { input, output }: DescMethod,
  { decoders, json }: ReadingBounds,
): Readonly<Record<Format, Codec>> {
  return { proto: protoCodec(input, output, decoders), json: jsonCodec(input, output, json) };
}
