/** The one kind of field whose messages are held as something else entirely. */

import type { DescField, JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Struct, Value } from "@bufbuild/protobuf/wkt";
import { setEntry } from "./map-entry.ts";

/** Whether a field's Struct, or Structs, are held as plain JSON. Turning that into messages is the library's. */
export function isJsonStruct({ message, parent }: DescField): boolean {
  return (
    message?.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value"
  );
}

/** Puts what a Struct holds into an object. */
export function addJson({ fields }: Struct, object: JsonObject): JsonObject {
  for (const name of Object.keys(fields)) {
    setEntry(object, name, jsonOf(fields[name] as Value));
  }
  return object;
}

function jsonOf({ kind }: Value): JsonValue {
  switch (kind.case) {
    case "structValue":
      return addJson(kind.value as unknown as Struct, {});
    case "listValue":
      return kind.value.values.map(jsonOf);
    case "nullValue":
    case undefined:
      return null;
    default:
      return kind.value;
  }
}
