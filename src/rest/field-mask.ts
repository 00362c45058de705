/** Fills the field mask that a PATCH leaves to its body. */

import { create, type DescField, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";

/** Sets `mask` of `message` to `paths`, sorted. */
export function setMask(
  message: Message,
  mask: DescField & { readonly fieldKind: "message" },
  paths: Iterable<string>,
): void {
  const filled = create(FieldMaskSchema, {
    paths: [...paths].sort((one, other) => (one < other ? -1 : 1)),
  });
  reflect(mask.parent, message).set(mask, reflect(FieldMaskSchema, filled));
}
