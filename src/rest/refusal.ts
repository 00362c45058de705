/** Responds to what never becomes a call, in the shape of REST's errors. */

import type { ConnectError } from "@connectrpc/connect";
import type { HeaderList } from "#exchange/exchange.ts";
import { type ErrorFacts, restErrorBody } from "./error-body.ts";

/** A request, or a request to upgrade to another protocol. */
interface Refusable {
  respond(status: number, headers: HeaderList, body: string): void;
}

/** Responds with the error's own status and body. */
export function refuse(exchange: Refusable, error: ConnectError, facts: ErrorFacts): void {
  const { status, headers, body } = restErrorBody(error, facts);
  exchange.respond(status, headers, body);
}
