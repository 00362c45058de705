/** A whole response as the events of a stream, for clients that asked for one. Pure. */

import { eventOf, events } from "#chat/parts.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";

/** The events of a response: each part begins with all that it has. */
export function eventsOf(response: ChatResponse): ChatEvent[] {
  const { id, modelUsed, usage } = response;
  const choices = [response, ...response.alternatives];
  return [
    events.start({ id, model: modelUsed }),
    ...choices.flatMap(({ parts }, choice) =>
      parts.flatMap((part, index) => [
        eventOf({ case: "partStart", value: part }, index, choice),
        eventOf({ case: "partStop", value: {} }, index, choice),
      ]),
    ),
    ...(usage === undefined ? [] : [events.usage(usage)]),
    ...choices.flatMap(({ stop }, choice) =>
      stop === undefined ? [] : [events.stop(stop, choice)],
    ),
  ];
}
