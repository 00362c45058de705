/** Writes a message as query parameters: the inverse of the transcoder's binding. */

import { type DescField, type Message, ScalarType, toJson } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

function scalarText(type: ScalarType, value: unknown): string {
  if (type === ScalarType.BYTES) return Buffer.from(value as Uint8Array).toString("base64");
  return String(value);
}

function isPrinted(message: ReflectMessage): boolean {
  return message.desc.typeName.startsWith("google.protobuf.");
}

/** The text of one value of `field`, as protobuf's reflection gives it. */
function textOf(field: DescField, value: unknown): string {
  if (field.scalar !== undefined) return scalarText(field.scalar, value);
  if (field.enum !== undefined) {
    return field.enum.values.find(({ number }) => number === value)?.name ?? String(value);
  }
  const { desc, message } = value as ReflectMessage;
  const [inner] = desc.fields;
  if (isWrapperDesc(desc) && inner?.scalar !== undefined) {
    return scalarText(inner.scalar, (message as unknown as { value: unknown }).value);
  }
  const json = toJson(desc, message);
  return typeof json === "string" && desc.name !== "Value" ? json : JSON.stringify(json);
}

function* pairsOf(message: ReflectMessage, prefix: string): Iterable<[string, string]> {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const name = prefix + field.name;
    if (field.fieldKind === "list") {
      for (const item of message.get(field)) yield [name, textOf(field, item)];
    } else if (field.fieldKind === "map") {
      for (const [key, value] of message.get(field))
        yield [`${name}[${key}]`, textOf(field, value)];
    } else if (field.fieldKind === "message" && !isPrinted(message.get(field))) {
      yield* pairsOf(message.get(field), `${name}.`);
    } else {
      yield [name, textOf(field, message.get(field))];
    }
  }
}

/** Names and texts of everything that is set, escaped and joined. */
export function printQuery(desc: ReflectMessage["desc"], message: Message): string {
  return [...pairsOf(reflect(desc, message), "")]
    .map(([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`)
    .join("&");
}
