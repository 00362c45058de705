/** Responses that a provider declines to give: failures, where the route names somebody else to ask then. */

import { commits, heldMax } from "#chat/commit.ts";
import { stopsOf } from "#chat/short-form.ts";
import { fault } from "#errors/fault.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import { type ChatEvent, Stop_Kind as Kind } from "#gen/polygate/v1/conversation_pb.js";

const declined = () => fault("CONTENT_POLICY_REFUSED", "the provider declined to answer");

/** The response. Throws CONTENT_POLICY_REFUSED when it is none, whatever was said before it was cut off. */
export async function unlessDeclined(response: Promise<ChatResponse>): Promise<ChatResponse> {
  const whole = await response;
  if (stopsOf(whole).every(({ kind }) => kind === Kind.REFUSAL)) throw declined();
  return whole;
}

function isRefusal({ event }: ChatEvent): boolean {
  return event.case === "stop" && event.value.kind === Kind.REFUSAL;
}

/** The events. Throws CONTENT_POLICY_REFUSED in their stead when they tell of nothing else. */
export async function* untilDeclined(events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent> {
  const held: ChatEvent[] = [];
  let hasContent = false;
  for await (const event of events) {
    if (hasContent) {
      yield event;
      continue;
    }
    held.push(event);
    // Of several alternatives one may have been declined alone.
    if ((!commits(event) || isRefusal(event)) && held.length < heldMax) continue;
    hasContent = true;
    yield* held.splice(0);
  }
  if (held.some(isRefusal)) throw declined();
  yield* held;
}
