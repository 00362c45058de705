/** The adapter between REST and the request entry: routes for requests, streams for WebSockets. */

import type { Clock } from "#core/clock.ts";
import type { Surface } from "#entry/surface.ts";
import { fault } from "#errors/fault.ts";
import { type CorsOptions, mayUpgrade } from "#exchange/cors.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { valuesOf } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { refuse } from "#rest/refusal.ts";
import type { Rest } from "#rest/rest.ts";

/** What is decided elsewhere. */
export interface RestAdapterOptions {
  readonly clock: Clock;
  readonly cors: CorsOptions | undefined;
  /** Responds to a path that no route knows. */
  readonly unknown: (exchange: Exchange, record: CallRecord) => void;
}

/** The surface of one transcoder. */
export function createRestAdapter(
  rest: Rest,
  { clock, cors, unknown }: RestAdapterOptions,
): Surface {
  return {
    name: "rest",
    take(exchange, record) {
      const match = rest.match(exchange.method, exchange.target);
      if (match === undefined) {
        unknown(exchange, record);
        return true;
      }
      record.endpoint = match.kind === "malformed" ? "malformed" : match.pattern;
      record.surface = "rest";
      const { requestId } = record;
      return rest.serve(exchange, match, { requestId, values: valuesOf(record) });
    },
    upgrade(upgrade, record) {
      const { requestId } = record;
      const match = rest.matchUpgrade(upgrade.target);
      record.surface = "rest";
      if (match !== undefined) {
        record.endpoint = match.kind === "route" ? match.pattern : match.kind;
      }
      if (mayUpgrade(upgrade, cors)) {
        void rest.upgrade(upgrade, match, { requestId, values: valuesOf(record) });
        return true;
      }
      const error = fault("ORIGIN_REFUSED", "origin: pages of this origin may not call here");
      refuse(upgrade, error, { requestId, wallMs: clock.wallMs() });
      return true;
    },
  };
}
