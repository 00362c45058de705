/** Reads a piece of a stream: its events come together, and those before a failure come before it. Pure. */

import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";

/** The events of all parts of a piece, as one batch; none when there are none. Then throws what `read` threw. */
export function* readTogether<P>(
  parts: Iterable<P>,
  read: (part: P) => readonly ChatEvent[],
): Generator<readonly ChatEvent[]> {
  const events: ChatEvent[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  try {
    for (const part of parts) events.push(...read(part));
  } catch (thrown) {
    failure = { thrown };
  }
  if (events.length > 0) yield events;
  if (failure !== undefined) throw failure.thrown;
}
