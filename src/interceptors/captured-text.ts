/** A message as JSON that may be kept: without media, without what looks like a credential, and within a bound. Pure. */

import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect, type ScalarValue } from "@bufbuild/protobuf/reflect";
import { redacted, withoutCredentials } from "#core/redact.ts";
import type { CapturedText } from "#observability/call-record.ts";

/** Longest text that is kept, in characters. */
const textLengthMax = 4_096;
/** Deepest message within messages. */
const depthMax = 32;
/** Fields and keys whose texts are never kept. */
const secretName =
  /api[-_]?key|password|passwd|secret|authorization|credential|^token$|[-_]token$/i;
/** What providers want back, which is theirs alone to read. */
const stateType = "polygate.v1.OpaqueState";
const dataUri = /data:[\w/+.-]{0,100}(?:;[\w=-]{1,50}){0,4},[\w+/=%-]*/g;
/** Bytes in base64, as texts hold them that are no text. */
const blob = /^[\w+/=-]{1024,}$/;

/** Whether what a field or key holds is never kept. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** `text` as it is kept. */
function keptText(text: string): string {
  if (blob.test(text)) return `<${text.length} characters>`;
  const isLong = text.length > textLengthMax;
  // A word that is cut might be a credential that does not look like one any more.
  const cut = isLong ? text.slice(0, textLengthMax).replace(/\S*$/, "…") : text;
  return withoutCredentials(cut.replace(dataUri, "<data URI>"));
}

/** Writes messages as JSON until its bytes are used up. */
export class TextWriter {
  #left: number;
  #isCut = false;

  /** Of at most so many bytes, and what closes it. */
  constructor(bytesMax: number) {
    this.#left = bytesMax;
  }

  /** Something was left out, because the bytes were used up. */
  get truncated(): boolean {
    return this.#isCut;
  }

  /** There is no room for more. */
  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** The JSON of a message, or of what of it there is room for. */
  message(schema: DescMessage, message: Message): string {
    return this.#message(reflect(schema, message), 0);
  }

  #message(message: ReflectMessage, depth: number): string {
    if (message.desc.typeName === stateType) return '"<state>"';
    if (depth > depthMax) return '"<deeper>"';
    const fields: string[] = [];
    for (const field of message.fields) {
      if (!message.isSet(field)) continue;
      const value = this.#room(() => this.#field(message, field, depth));
      if (value === undefined) break;
      fields.push(`${JSON.stringify(field.jsonName)}:${value}`);
      this.#left -= field.jsonName.length + 4;
    }
    return `{${fields.join(",")}}`;
  }

  #field(message: ReflectMessage, field: DescField, depth: number): string {
    switch (field.fieldKind) {
      case "message":
        return this.#message(message.get(field), depth + 1);
      case "list": {
        const items: string[] = [];
        for (const item of message.get(field)) {
          const value = this.#room(() => this.#value(item, field.name, depth));
          if (value === undefined) break;
          items.push(value);
        }
        return `[${items.join(",")}]`;
      }
      case "map": {
        const entries: string[] = [];
        for (const [key, item] of message.get(field)) {
          const name = keptText(String(key));
          const value = this.#room(() => this.#value(item, String(key), depth));
          if (value === undefined) break;
          entries.push(`${JSON.stringify(name)}:${value}`);
          this.#left -= name.length + 4;
        }
        return `{${entries.join(",")}}`;
      }
      default:
        return this.#value(message.get(field), field.name, depth);
    }
  }

  #value(value: ScalarValue | ReflectMessage | unknown, name: string, depth: number): string {
    if (typeof value === "string") return this.#text(value, name);
    if (value instanceof Uint8Array) return this.#took(`"<${value.length} bytes>"`);
    if (isReflected(value)) {
      return secretName.test(name)
        ? JSON.stringify(redacted)
        : this.#took(this.#message(value, depth + 1), 1);
    }
    const isNumber = typeof value === "number" && Number.isFinite(value);
    return this.#took(isNumber || typeof value === "boolean" ? String(value) : `"${value}"`);
  }

  #text(text: string, name: string): string {
    if (secretName.test(name)) return this.#took(JSON.stringify(redacted));
    const json = JSON.stringify(keptText(text));
    // What is looked through counts, however little of it is kept.
    return this.#took(
      json,
      Math.max(Math.min(text.length, textLengthMax), Buffer.byteLength(json)),
    );
  }

  #took(json: string, bytes = json.length + 1): string {
    this.#left -= bytes;
    return json;
  }

  /** What `write` gives while there is room; undefined once there is none. */
  #room(write: () => string): string | undefined {
    if (!this.isFull) return write();
    this.#isCut = true;
    return undefined;
  }
}

function isReflected(value: unknown): value is ReflectMessage {
  return typeof value === "object" && value !== null && "fields" in value && "desc" in value;
}

/** Gathers the messages of one direction of a call. */
export class Captured {
  readonly #schema: DescMessage;
  readonly #isStream: boolean;
  readonly #writer: TextWriter;
  readonly #parts: string[] = [];
  #isCut = false;

  constructor(
    schema: DescMessage,
    { isStream, bytesMax }: { isStream: boolean; bytesMax: number },
  ) {
    this.#schema = schema;
    this.#isStream = isStream;
    this.#writer = new TextWriter(bytesMax);
  }

  add(message: Message): void {
    if (this.#writer.isFull) this.#isCut = true;
    else this.#parts.push(this.#writer.message(this.#schema, message));
  }

  /** A stream is a list of its messages. */
  text(): CapturedText {
    const joined = this.#parts.join(",");
    const truncated = this.#isCut || this.#writer.truncated;
    return { json: this.#isStream ? `[${joined}]` : joined, truncated };
  }
}
