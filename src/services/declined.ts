/** Responses that a provider declines to give: failures, where the route names somebody else to ask then. */

import { commits, heldUntilContent } from "#chat/commit.ts";
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

// Of several alternatives one may have been declined alone.
const isContent = (event: ChatEvent) => commits(event) && !isRefusal(event);

/** The events. Throws CONTENT_POLICY_REFUSED in their place when they report nothing else. */
export function untilDeclined(
  events: AsyncIterable<readonly ChatEvent[]>,
): AsyncGenerator<readonly ChatEvent[]> {
  return heldUntilContent(events, isContent, (held) => {
    if (held.some(isRefusal)) throw declined();
  });
}
