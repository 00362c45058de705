/** Holds the events of a response back until it has content: until then its failure may be mended elsewhere. */

import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";

/** Whether an event is content, or says that there is none. */
export function commits({ event }: ChatEvent): boolean {
  switch (event.case) {
    case "textDelta":
    case "argumentsDelta":
    case "thinkingDelta":
    case "refusalDelta":
    case "state":
    case "stop":
      return true;
    case "partStart": {
      const { content } = event.value;
      const isText = content.case === "text" || content.case === "thinking";
      return isText ? content.value.text !== "" : content.case !== undefined;
    }
    default:
      return false;
  }
}

/** Events that may be held: a start, a usage and the beginnings of parts; more are passed on. */
export const heldMax = 64;

/** The events, none of them before the first that is content. */
export async function* heldUntilContent(
  events: AsyncIterable<ChatEvent>,
): AsyncGenerator<ChatEvent> {
  const held: ChatEvent[] = [];
  let hasCommitted = false;
  for await (const event of events) {
    if (!hasCommitted) {
      held.push(event);
      if (!commits(event) && held.length < heldMax) continue;
      hasCommitted = true;
      yield* held.splice(0);
      continue;
    }
    yield event;
  }
  yield* held;
}
