/** What a handler passes on to backends with every call. */

import type { HandlerContext } from "@connectrpc/connect";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord, TryFacts } from "#observability/call-record.ts";
import type { RoutedCall } from "#routing/dispatch.ts";

/** Tries that are kept of one call. */
const triesMax = 100;

/** Where the tries of a call are written down. */
export function triesOf(record: CallRecord): TryFacts[] {
  const known = record.tries;
  if (known !== undefined && known.length < triesMax) return known;
  const tries: TryFacts[] = [];
  record.tries = tries;
  return tries;
}

/** The call's signal, request id and remaining time, and where its tries are written down. */
export function backendCallOf(context: HandlerContext): RoutedCall {
  const timeoutMs = context.timeoutMs();
  const record = context.values.get(callRecordKey);
  const { requestId } = record;
  const { signal } = context;
  const reports = triesOf(record);
  return timeoutMs === undefined
    ? { signal, requestId, reports }
    : { signal, requestId, reports, timeoutMs };
}
