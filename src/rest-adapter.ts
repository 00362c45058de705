/** The adapter between REST and the request entry: routes for requests, streams for WebSockets. */

import type { Refuse, Surface } from "#entry/surface.ts";
import { fault } from "#errors/fault.ts";
import { type CorsOptions, mayUpgrade } from "#exchange/cors.ts";
import { valuesOf } from "#interceptors/context.ts";
import type { Rest } from "#rest/rest.ts";

/** What is decided elsewhere. */
export interface RestAdapterOptions {
  readonly cors: CorsOptions | undefined;
  /** Responds with what comes before a route, such as a path that none knows. */
  readonly refuse: Refuse;
  /** The same where another surface has a shape for it; false where REST's is the one to use. */
  readonly refuseElsewhere: (...refused: Parameters<Refuse>) => boolean;
}

/** The surface of one transcoder, which is made for the first request that nothing else takes. */
export function createRestAdapter(
  rest: () => Rest,
  { cors, refuse, refuseElsewhere }: RestAdapterOptions,
): Surface {
  return {
    name: "rest",
    take(exchange, record) {
      const match = rest().match(exchange.method, exchange.target);
      if (match === undefined) {
        refuse(exchange, record, fault("ROUTE_UNKNOWN", "no such path"));
        return true;
      }
      record.endpoint = match.kind === "malformed" ? "malformed" : match.pattern;
      record.surface = "rest";
      if (match.kind === "malformed" && refuseElsewhere(exchange, record, match.error)) return true;
      const { requestId } = record;
      return rest().serve(exchange, match, { requestId, values: valuesOf(record) });
    },
    upgrade(upgrade, record) {
      const { requestId } = record;
      const match = rest().matchUpgrade(upgrade.target);
      record.surface = "rest";
      if (match !== undefined) {
        record.endpoint = match.kind === "route" ? match.pattern : match.kind;
      }
      if (!mayUpgrade(upgrade, { host: record.host ?? upgrade.authority, cors })) {
        record.refusal = "ORIGIN_REFUSED";
        const message = "origin: pages of this origin may not call here";
        refuse(upgrade, record, fault("ORIGIN_REFUSED", message));
      } else if (match === undefined) {
        refuse(upgrade, record, fault("ROUTE_UNKNOWN", "no stream has this path"));
      } else {
        void rest().upgrade(upgrade, match, { requestId, values: valuesOf(record) });
      }
      return true;
    },
  };
}
