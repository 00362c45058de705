/** A surface: a way of speaking to the gateway, such as RPC, REST or a vendor's API. It holds no policy. */

import type { ConnectError } from "@connectrpc/connect";
import type { Exchange, HeaderList } from "#exchange/exchange.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import type { CallRecord } from "#observability/call-record.ts";

/** Whether a surface took an exchange; a promise settles when its work on it is over. */
export type Taken = boolean | Promise<void>;

/** A request, or a request to upgrade to another protocol, as whoever refuses it sees it. */
export interface Arrival extends Pick<Exchange, "method" | "target" | "header" | "sharedFields"> {
  respond(status: number, headers: HeaderList, body?: string): void;
}

/** Responds to an arrival with an error. */
export type Refuse = (arrival: Arrival, record: CallRecord, error: ConnectError) => void;

/**
 * What a listener asks, in order, for each request. The names that `serves` may list, with the fixed
 * paths of each, are in `surface-table.ts`: settings are checked before there is a surface.
 */
export interface Surface {
  /** Its name: that of `serves` for what a listener may serve or not. */
  readonly name: string;
  /**
   * Takes the exchange when it is this surface's: names the endpoint in the record and serves it;
   * else returns false. Never throws or rejects.
   */
  take(exchange: Exchange, record: CallRecord): Taken;
  /** The same for a WebSocket; absent: it has none. */
  upgrade?(upgrade: Upgrade, record: CallRecord): boolean;
  /**
   * Responds with an error that came before any surface took the arrival, in the shape that its own
   * clients read: to a path that no one knows, a method that no one takes. False where the arrival is
   * none of its clients'; absent: it has no shape of its own.
   */
  refuse?(arrival: Arrival, record: CallRecord, error: ConnectError): boolean;
  /** Nothing more is to come: connections that only wait for that close. Absent: it has none. */
  retire?(): void;
}
