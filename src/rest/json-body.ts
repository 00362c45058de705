/** Reads a JSON text into the request message, or into the field of it that the body is. */

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { setMask } from "./field-mask.ts";
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

/** The request message whose one field the body is. */
function messageOfField(route: Route, json: JsonCodec, text: string): Message | Promise<Message> {
  const message = create(route.method.input);
  if (route.body.kind !== "field") return message;
  const { maskField } = route;
  const paths: string[] = [];
  const masked = () => {
    // A body that names nothing changes nothing: its mask is there, and empty.
    if (maskField !== undefined) setMask(message, maskField, paths);
    return message;
  };
  if (text === "") return masked();
  const { parents, field } = route.body.target;
  const holder = descend(route.method.input, message, parents);
  const read = json.readField({ message: holder.message, field, text, paths });
  return read === undefined ? masked() : read.then(masked);
}

/**
 * The request message of a JSON text, at once when it is short; an empty text is an empty message. A
 * PATCH without a field mask gets one. Throws, or rejects with, BODY_MALFORMED or REQUEST_INVALID.
 */
export function messageFromJson(
  route: Route,
  json: JsonCodec,
  text: string,
): Message | Promise<Message> {
  if (route.body.kind === "field") return messageOfField(route, json, text);
  const { input } = route.method;
  return text === "" ? create(input) : json.read(input, text);
}
