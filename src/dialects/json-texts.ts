/** JSON that a request of the gateway's own API holds as text, where it is none. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { Part } from "#gen/polygate/v1/conversation_pb.js";
import { parameterInvalid } from "./json-object.ts";
import { placedParts } from "./placed-part.ts";

type Text = readonly [place: string, json: string];

function* textsOfParts(parts: readonly Part[], place: string): Generator<Text> {
  for (const { part, at } of placedParts(parts, place)) {
    const { content } = part;
    if (content.case === "provider") yield [`${at}.provider.json`, content.value.json];
    if (content.case === "toolResult") yield* textsOfParts(content.value.parts, at);
  }
}

/** Every such text but those with which nothing was said. */
function* textsOf({ messages, tools, responseFormat }: ChatRequest): Generator<Text> {
  for (const [index, { parts }] of messages.entries()) {
    yield* textsOfParts(parts, `messages[${index}]`);
  }
  for (const [index, { parametersJson, provider }] of tools.entries()) {
    if (parametersJson !== "") yield [`tools[${index}].parameters_json`, parametersJson];
    if (provider !== undefined) yield [`tools[${index}].provider.json`, provider.json];
  }
  const schema = responseFormat?.schemaJson ?? "";
  if (schema !== "") yield ["response_format.schema_json", schema];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What `write` makes of a request. Throws PARAMETER_INVALID, with the place, where it stumbles over a text that is no JSON. */
export function writtenFrom<T>(request: ChatRequest, write: () => T): T {
  try {
    return write();
  } catch (thrown) {
    throw (thrown instanceof SyntaxError ? faultIn(request) : undefined) ?? thrown;
  }
}

/** The fault of the first text that is no JSON. */
function faultIn(request: ChatRequest): ConnectError | undefined {
  for (const [place, json] of textsOf(request)) {
    if (!isJson(json)) return parameterInvalid(place, "expected JSON");
  }
  return undefined;
}
