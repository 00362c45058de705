/** How many items a list may have by its own validation rule: there is no need to read more. */

import { type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { field as fieldRules } from "#gen/buf/validate/validate_pb.js";

/** Greatest number of items of a list; infinity without a rule. */
export function itemsMaxOf(field: DescField): number {
  if (!hasOption(field, fieldRules)) return Number.POSITIVE_INFINITY;
  const { type } = getOption(field, fieldRules);
  if (type.case !== "repeated") return Number.POSITIVE_INFINITY;
  // A rule of 0 cannot be told from none: that one is left to validation.
  return Number(type.value.maxItems) || Number.POSITIVE_INFINITY;
}
