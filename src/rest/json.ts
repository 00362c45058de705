/** Messages as JSON and back, as the options of a route say. */

import {
  type DescField,
  type DescMessage,
  type JsonValue,
  type Message,
  mergeFromJsonString,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { fault } from "#errors/fault.ts";
import { messageFromJsonText } from "#protocol/json-text.ts";
import { converted } from "./json-fault.ts";
import { hasEndlessNumber, holdsFreeJson } from "./json-number.ts";

/** How JSON is read and written. */
export interface JsonOptions {
  /** Names of fields in answers: as in the proto file or in lowerCamelCase; default proto. Both are read. */
  readonly names?: "proto" | "json";
  /** Answers show fields at their defaults; default true. */
  readonly emitDefaults?: boolean;
  /** Answers show enum values as numbers; default false. */
  readonly enumsAsNumbers?: boolean;
  /** Bodies may have fields and enum names that the schema has not; default false: they are refused. */
  readonly ignoreUnknownFields?: boolean;
}

/** What differs for single methods, by full name such as polygate.v1.ChatService.Chat. */
export type JsonByMethod = Readonly<Record<string, JsonOptions>>;

/** Reads and writes JSON. */
export interface JsonCodec {
  /** The message that a text writes. Throws BODY_MALFORMED or REQUEST_INVALID. */
  read(desc: DescMessage, text: string): Message;
  /** Reads one field of `message`, and nothing else, from a text. Throws as `read` does. */
  readField(desc: DescMessage, message: Message, field: DescField, text: string): void;
  write(desc: DescMessage, message: Message): string;
  /** One field of `message`, with its default when it is not set. */
  writeField(desc: DescMessage, message: Message, field: DescField): string;
}

/** A codec; `registry` holds the types that google.protobuf.Any may carry. */
export function createJsonCodec(options: JsonOptions, registry: Registry): JsonCodec {
  const reading = { ignoreUnknownFields: options.ignoreUnknownFields ?? false, registry };
  const writing = {
    useProtoFieldName: options.names !== "json",
    alwaysEmitImplicit: options.emitDefaults ?? true,
    enumAsInteger: options.enumsAsNumbers ?? false,
    registry,
  };
  const jsonOf = (desc: DescMessage, message: Message): JsonValue =>
    toJson(desc, message, writing) ?? null;
  const freeTypes = new Map<DescMessage, boolean>();
  const requireNumbers = (desc: DescMessage, text: string) => {
    const isFree = freeTypes.get(desc) ?? holdsFreeJson(desc);
    freeTypes.set(desc, isFree);
    if (isFree && hasEndlessNumber(text)) {
      throw fault("REQUEST_INVALID", "a number of the body is out of range");
    }
  };
  return {
    read(desc, text) {
      const written = { desc, text, reading };
      const message = converted(written, () => messageFromJsonText(desc, text, reading));
      requireNumbers(desc, text);
      return message;
    },
    readField(desc, message, field, text) {
      const object = `{${JSON.stringify(field.jsonName)}:${text}}`;
      converted({ desc, text: object, reading }, () => {
        // Alone first: a text such as `1,"other":2` must not get past the field it is for.
        JSON.parse(text);
        mergeFromJsonString(desc, message, object, reading);
      });
      requireNumbers(desc, text);
    },
    write: (desc, message) => JSON.stringify(jsonOf(desc, message)),
    writeField(desc, message, field) {
      const whole = jsonOf(desc, message);
      const name = writing.useProtoFieldName ? field.name : field.jsonName;
      const isObject = typeof whole === "object" && whole !== null && !Array.isArray(whole);
      const value = isObject ? whole[name] : undefined;
      return JSON.stringify(value ?? emptyOf(field));
    },
  };
}

function emptyOf(field: DescField): JsonValue {
  if (field.fieldKind === "list") return [];
  return field.fieldKind === "map" || field.fieldKind === "message" ? {} : null;
}
