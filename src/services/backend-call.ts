/** What a handler passes on to backends with every call. */

import type { HandlerContext } from "@connectrpc/connect";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord, TryFacts } from "#observability/call-record.ts";
import type { RoutedCall } from "#routing/dispatch.ts";
import { workSignalOf } from "#rpc/call-context.ts";

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
  const call = sharedCallOf(context, workSignalOf(context));
  return timeoutMs === undefined ? call : { ...call, timeoutMs };
}

/** The same for a call whose response others may wait for, too: it ends with `signal` alone. */
export function sharedCallOf({ values }: HandlerContext, signal: AbortSignal): RoutedCall {
  const record = values.get(callRecordKey);
  return { signal, requestId: record.requestId, reports: triesOf(record), trace: record.trace };
}
