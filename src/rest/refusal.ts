/** Answers what never becomes a call, in the shape of REST's errors. */

import type { ConnectError } from "@connectrpc/connect";
import type { Exchange } from "#exchange/exchange.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import { type ErrorFacts, restErrorBody } from "./error-body.ts";

/** Answers with the error's own status and body. */
export function refuse(
  exchange: Pick<Exchange, "respond"> | Upgrade,
  error: ConnectError,
  facts: ErrorFacts,
): void {
  const { status, headers, body } = restErrorBody(error, facts);
  exchange.respond(status, headers, body);
}
