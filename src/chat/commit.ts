/** Holds the events of a response back until it has content: until then its failure may be fixed elsewhere. */

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

/** The events, none of them before the first that `isContent`. */
export async function* heldUntilContent(
  batches: AsyncIterable<readonly ChatEvent[]>,
  isContent: (event: ChatEvent) => boolean = commits,
  onEnd: (held: readonly ChatEvent[]) => void = () => {},
): AsyncGenerator<readonly ChatEvent[]> {
  let held: ChatEvent[] | undefined = [];
  for await (const batch of batches) {
    if (held === undefined) {
      yield batch;
      continue;
    }
    held.push(...batch);
    if (!batch.some(isContent) && held.length < heldMax) continue;
    yield held;
    held = undefined;
  }
  if (held === undefined) return;
  onEnd(held);
  if (held.length > 0) yield held;
}
