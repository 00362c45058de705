/** Details of a conversation that a target leaves out: each is named once, where it stands first. Pure. */

import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { Part, ThinkingPart } from "#gen/polygate/v1/conversation_pb.js";

/** Whether a part has a detail, by the word that follows its place. */
const isSet = {
  /** How closely an image is looked at. */
  detail: ({ content }: Part) =>
    content.case === "image" && !["", "auto"].includes(content.value.detail),
  /** The name of a file. */
  name: ({ content }: Part) => content.case === "file" && content.value.name !== "",
  /** A mark that asks for the prompt to be remembered. */
  cache: ({ cache }: Part) => cache !== undefined,
  /** What a text cites. */
  annotations: ({ content }: Part) =>
    content.case === "text" && content.value.annotationsJson !== "",
  /** A result that says what went wrong. */
  is_error: ({ content }: Part) => content.case === "toolResult" && content.value.isError,
} as const;

/** A detail of a part. */
export type Detail = keyof typeof isSet;

/** Parts with their places, those of results included. */
function* placesOf(parts: readonly Part[], place: string): Generator<readonly [Part, string]> {
  for (const [index, part] of parts.entries()) {
    const at = `${place}.parts[${index}]`;
    yield [part, at];
    if (part.content.case === "toolResult") yield* placesOf(part.content.value.parts, at);
  }
}

/** Those of `missing`, which a provider does not have, that a request has. */
export function droppedDetails(
  { messages, tools }: ChatRequest,
  missing: readonly Detail[],
): string[] {
  const left = new Set(missing);
  const dropped: string[] = [];
  for (const [index, { parts }] of messages.entries()) {
    for (const [part, at] of placesOf(parts, `messages[${index}]`)) {
      for (const name of left) {
        if (!isSet[name](part)) continue;
        dropped.push(`${at}.${name}`);
        left.delete(name);
      }
    }
  }
  const marked = left.has("cache") ? tools.find(({ cache }) => cache !== undefined) : undefined;
  return marked === undefined ? dropped : [...dropped, `tools.${marked.name}.cache_control`];
}

/** The first thoughts in words, which are sent to no one. */
export function droppedThoughts(
  { messages }: ChatRequest,
  isTold: (part: ThinkingPart) => boolean,
): string[] {
  for (const [index, { parts }] of messages.entries()) {
    const at = parts.findIndex(
      ({ content }) =>
        content.case === "thinking" && content.value.text !== "" && !isTold(content.value),
    );
    if (at >= 0) return [`messages[${index}].parts[${at}]`];
  }
  return [];
}
