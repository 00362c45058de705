/** Writes messages with field masks whose paths have no lowerCamelCase form, such as `line_1`: those stay as they are. */

import {
  clone,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type FieldMask, FieldMaskSchema } from "@bufbuild/protobuf/wkt";

function camelCase(path: string): string {
  return path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`);
}

function maskText({ paths }: FieldMask): string {
  return paths
    .map((path) => (snakeCase(camelCase(path)) === path ? camelCase(path) : path))
    .join(",");
}

/** What holds JSON values by name or by position. */
type Holder = JsonObject | JsonValue[];

function isHolder(value: unknown): value is Holder {
  return typeof value === "object" && value !== null;
}

/** A message within another, and where its JSON is: in `holder` under `key`, if anywhere. */
interface Part {
  readonly message: ReflectMessage;
  readonly holder: Holder | undefined;
  readonly key: string | number;
}

/** The JSON in a holder under a key. */
function within(holder: Holder | undefined, key: string | number): Holder | undefined {
  const json: unknown = holder && Reflect.get(holder, key);
  return isHolder(json) ? json : undefined;
}

/** The messages in a list or map. */
function* entriesOf(entries: Iterable<[unknown, unknown]>, holder: Holder | undefined) {
  for (const [key, message] of entries) {
    yield { message: message as ReflectMessage, holder, key: String(key) };
  }
}

function* partsOf(
  message: ReflectMessage,
  holder: Holder | undefined,
  { useProtoFieldName = false }: Partial<JsonWriteOptions>,
): Iterable<Part> {
  for (const field of message.fields) {
    if (field.message === undefined || !message.isSet(field)) continue;
    const key = useProtoFieldName ? field.name : field.jsonName;
    if (field.fieldKind === "message") yield { message: message.get(field), holder, key };
    else if (field.fieldKind === "list")
      yield* entriesOf([...message.get(field)].entries(), within(holder, key));
    else if (field.fieldKind === "map") yield* entriesOf(message.get(field), within(holder, key));
  }
}

type Visit = (mask: FieldMask, part: Part) => void;

/** Shows all masks within a message, and where their JSON is. */
function eachMask(
  message: ReflectMessage,
  json: Holder | undefined,
  writing: Partial<JsonWriteOptions>,
  visit: Visit,
): void {
  for (const part of partsOf(message, json, writing)) {
    if (part.message.desc.typeName === FieldMaskSchema.typeName) {
      visit(part.message.message as FieldMask, part);
    } else {
      eachMask(part.message, within(part.holder, part.key), writing, visit);
    }
  }
}

/** The message as JSON; undefined when it is not for its masks that it has none. */
export function jsonWithMasks(
  desc: DescMessage,
  message: Message,
  writing: Partial<JsonWriteOptions>,
): JsonValue | undefined {
  if (desc.typeName === FieldMaskSchema.typeName) return maskText(message as FieldMask);
  const texts: string[] = [];
  const blank = clone(desc, message);
  eachMask(reflect(desc, blank), undefined, writing, (mask) => {
    texts.push(maskText(mask));
    mask.paths = [];
  });
  if (texts.length === 0) return undefined;
  const json = toJson(desc, blank, writing) ?? null;
  // The order is that of the first time.
  eachMask(
    reflect(desc, blank),
    isHolder(json) ? json : undefined,
    writing,
    (_mask, { holder, key }) => {
      const text = texts.shift();
      if (holder !== undefined) Reflect.set(holder, key, text);
    },
  );
  return json;
}
