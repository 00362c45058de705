/** Finds JSON numbers beyond the range of a double, where protobuf's reader would take infinity for them. */

import type { DescMessage } from "@bufbuild/protobuf";

// Every such number has an exponent of three digits or as many digits before its point.
const suspicious = /[eE]\+?\d{3}|\d{309}/;

/** Whether a text that is valid JSON holds a number that is beyond a double's range. */
export function hasEndlessNumber(text: string): boolean {
  if (!suspicious.test(text)) return false;
  let found = false;
  JSON.parse(text, (_key, value: unknown) => {
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) found = true;
    return value;
  });
  return found;
}

const free = new Set(["google.protobuf.Value", "google.protobuf.Any"]);

/** Whether messages of this type may hold JSON that no schema describes. */
export function holdsFreeJson(
  message: DescMessage,
  seen: Set<DescMessage> = new Set<DescMessage>(),
): boolean {
  if (free.has(message.typeName)) return true;
  if (seen.has(message)) return false;
  seen.add(message);
  return message.fields.some(
    (field) => field.message !== undefined && holdsFreeJson(field.message, seen),
  );
}
