/** Messages as JSON and back, as the options of a route say. */

import type { DescField, DescMessage, JsonValue, Message, Registry } from "@bufbuild/protobuf";
import { type FieldText, JsonReader } from "#json/reader.ts";
import { JsonWriter } from "#json/writer.ts";
import type { LimitsOf } from "#protobuf/field-limits.ts";
import { refuse } from "#rpc/json-fault.ts";
import { emptyJson, messageJson } from "./json-value.ts";

/** How JSON is read and written. */
export interface JsonOptions {
  /** Names of fields in responses: as in the proto file or in lowerCamelCase; default proto. Both are read. */
  readonly names?: "proto" | "json";
  /** Responses show fields at their defaults; default true. */
  readonly emitDefaults?: boolean;
  /** Responses show enum values as numbers; default false. */
  readonly enumsAsNumbers?: boolean;
  /** Bodies may have fields and enum names that the schema has not; default false: they are refused. */
  readonly ignoreUnknownFields?: boolean;
}

/** What differs for single methods, by full name such as polygate.v1.ChatService.Chat. */
export type JsonByMethod = Readonly<Record<string, JsonOptions>>;

/** Reads and writes JSON. What is read is there at once when its text is short. */
export interface JsonCodec {
  /** The message that a text writes. Throws, or rejects with, BODY_MALFORMED or REQUEST_INVALID. */
  read(desc: DescMessage, text: string): Message | Promise<Message>;
  /** Reads one field of a message, and nothing else, from a text. Fails as `read` does. */
  readField(written: FieldText): undefined | Promise<void>;
  write(desc: DescMessage, message: Message): string;
  /** One field of `message`, with its default when it is not set. */
  writeField(desc: DescMessage, message: Message, field: DescField): string;
}

/** What codecs have in common. */
export interface JsonCodecSetup {
  /** The types that google.protobuf.Any may carry. */
  readonly registry: Registry;
  /** Greatest number of list items and object members in one text; default 100,000. */
  readonly elementsMax?: number | undefined;
  /** Bounds of single fields; default none. */
  readonly limitsOf?: LimitsOf | undefined;
}

/** A codec. */
export function createJsonCodec(options: JsonOptions, setup: JsonCodecSetup): JsonCodec {
  const { registry } = setup;
  const { ignoreUnknownFields = false } = options;
  const reader = new JsonReader({ ...setup, ignoreUnknownFields });
  const writing = {
    useProtoFieldName: options.names !== "json",
    alwaysEmitImplicit: options.emitDefaults ?? true,
    enumAsInteger: options.enumsAsNumbers ?? false,
    registry,
  };
  const jsonOf = (desc: DescMessage, message: Message): JsonValue =>
    messageJson(desc, message, writing);
  const writer = new JsonWriter(writing, (desc, message) => JSON.stringify(jsonOf(desc, message)));
  return {
    read(desc, text) {
      try {
        const message = reader.read(desc, text);
        return message instanceof Promise ? message.catch(refuse) : message;
      } catch (thrown) {
        return refuse(thrown);
      }
    },
    readField(written) {
      try {
        return reader.readField(written)?.catch(refuse);
      } catch (thrown) {
        return refuse(thrown);
      }
    },
    write: (desc, message) => writer.write(desc, message),
    writeField(desc, message, field) {
      const whole = jsonOf(desc, message);
      const name = writing.useProtoFieldName ? field.name : field.jsonName;
      const isObject = typeof whole === "object" && whole !== null && !Array.isArray(whole);
      const value = isObject ? whole[name] : undefined;
      return JSON.stringify(value ?? emptyJson(field, writing.enumAsInteger));
    },
  };
}
