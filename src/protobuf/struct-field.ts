/** The one kind of field whose messages are held as something else entirely. */

import type { DescField } from "@bufbuild/protobuf";

/** Whether a field's Struct, or Structs, are held as plain JSON: turning it into messages is the library's. */
export function isJsonStruct({ message, parent }: DescField): boolean {
  return (
    message?.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value"
  );
}
