/** A request on its way through the management app. */

import type { ConnectError } from "@connectrpc/connect";
import type { Exchange } from "#exchange/exchange.ts";
import type { CallRecord } from "#observability/call-record.ts";

/** One request on its way through the app. */
export interface Visit {
  readonly exchange: Exchange;
  readonly record: CallRecord;
  /** The client came by HTTPS. */
  readonly isSecure: boolean;
  /** What its handler failed with. */
  failure?: ConnectError;
}
