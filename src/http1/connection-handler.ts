/** What a connection tells its owner, and asks of it: the contract. */

import type { Refusal } from "./refusal.ts";
import type { FieldList } from "./response-head.ts";
import type { ServerExchange } from "./server-exchange.ts";

/** The response to what cannot be served. */
export interface RefusalResponse {
  readonly fields: FieldList;
  readonly body: string;
}

/** The owner of a connection. Each call comes after all state has changed. */
export interface ConnectionHandler {
  /** A request, with its body or before it. */
  onRequest(exchange: ServerExchange): void;
  /** Whether the owner goes on with this protocol, in lower case. */
  takesUpgrade(protocol: string): boolean;
  /** Input is refused; the response is sent, and the connection closes after it. */
  onRefusal(refusal: Refusal): RefusalResponse;
  /** There is output, an end or wanted input where there was none. */
  onChange(): void;
}
