/** What the gateway fails with where there is no call: its cause is for the access line, and for no client. */

import type { ConnectError } from "@connectrpc/connect";
import { rowOf } from "#errors/fault.ts";
import type { CallRecord } from "#observability/call-record.ts";

/** Keeps an error for the access line of its request, where it is the gateway's own and has a cause. */
export function keepOwnFailure(record: CallRecord, error: ConnectError): void {
  if (error.cause !== undefined && rowOf(error).blame === "gateway") record.failure = error;
}
