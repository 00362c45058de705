/** How many items a list may have by its own validation rule: there is no need to read more. */

import { type DescField, getOption, hasOption } from "@bufbuild/protobuf";
import { field as fieldRules } from "#gen/buf/validate/validate_pb.js";
import type { LimitsOf } from "./limits.ts";

/** The limits that `repeated.max_items` sets, in the words of validation. */
export const itemLimits: LimitsOf = (field: DescField) => {
  if (!hasOption(field, fieldRules)) return {};
  const { type } = getOption(field, fieldRules);
  // A rule of 0 cannot be told from none: that one is left to validation.
  const max = type.case === "repeated" ? Number(type.value.maxItems) : 0;
  return max === 0 ? {} : { items: { max, expected: `must contain no more than ${max} item(s)` } };
};
