/** Reads a JSON text into the request message, or into the field of it that the body is. */

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { fillMask } from "./field-mask.ts";
import type { MessageField } from "./field-path.ts";
import type { JsonCodec } from "./json.ts";
import type { Route } from "./route.ts";

/** The message that the last of `parents` holds, made with all around it. */
function descend(
  desc: DescMessage,
  message: Message,
  parents: readonly MessageField[],
): ReflectMessage {
  let at: ReflectMessage = reflect(desc, message);
  for (const parent of parents) {
    const inner = reflect(parent.message);
    at.set(parent, inner);
    at = inner;
  }
  return at;
}

/**
 * The request message of a JSON text; an empty text is an empty message. A PATCH without a field
 * mask gets one. Throws BODY_MALFORMED or REQUEST_INVALID.
 */
export function messageFromJson(route: Route, json: JsonCodec, text: string): Message {
  const { input } = route.method;
  if (text === "") return create(input);
  if (route.body.kind !== "field") return json.read(input, text);
  const message = create(input);
  const { parents, field } = route.body.target;
  const holder = descend(input, message, parents);
  json.readField(holder.desc, holder.message, field, text);
  if (route.maskField !== undefined) fillMask(message, route.maskField, field, text);
  return message;
}
