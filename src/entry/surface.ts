/** A surface: a way of speaking to the gateway, such as RPC, REST or a vendor's API. It holds no policy. */

import type { Exchange } from "#exchange/exchange.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import type { CallRecord } from "#observability/call-record.ts";

/** Whether a surface took an exchange; a promise settles when its work on it is over. */
export type Taken = boolean | Promise<void>;

/** What a listener asks, in order, for each request. */
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
}
