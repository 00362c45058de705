/** The door: gives every request its id and record, finds the surface that serves it, counts how it ended. */

import type { Clock } from "#core/clock.ts";
import { RandomIds } from "#core/random-ids.ts";
import { type AccessLogDeps, createAccessLog } from "#observability/access-line.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Logger } from "#observability/logger.ts";
import type { Metrics } from "#observability/metrics.ts";
import type { ClientAddress } from "./client-address.ts";
import { applyCors, type CorsOptions } from "./cors.ts";
import { type Exchange, type ExchangeEnd, pathOf } from "./exchange.ts";
import { countRequests } from "./request-count.ts";
import type { Upgrade } from "./upgrade.ts";

/** Whether a surface took an exchange; a promise settles when its work on it is over. */
export type Taken = boolean | Promise<void>;

/** A way of speaking to the gateway, such as RPC or REST. It holds no policy. */
export interface Surface {
  /**
   * Takes the exchange when it is this surface's: names the endpoint in the record and serves it;
   * else returns false. Never throws or rejects.
   */
  take(exchange: Exchange, record: CallRecord): Taken;
}

/** What the door applies to every request. */
export interface DoorOptions {
  /** Absent: no cross-origin answers. */
  readonly cors?: CorsOptions;
  readonly clientAddress: ClientAddress;
}

/** What the door writes to. */
export interface DoorDeps extends Pick<AccessLogDeps, "journal"> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** One listener's side of the door. */
export interface DoorListener {
  readonly name: string;
  readonly port: number;
  /** Asked in order; the last one takes everything. */
  readonly surfaces: readonly Surface[];
  /** Takes a WebSocket, as a surface takes an exchange. */
  upgrade(upgrade: Upgrade, record: CallRecord): void;
}

/** Where requests of any listener come in. */
export interface Door {
  /** Settles when the work on it is over, which may be after its client has left. */
  exchange(exchange: Exchange, listener: DoorListener): Promise<void> | undefined;
  upgrade(upgrade: Upgrade, listener: DoorListener): void;
}

/** Ids that a client may choose itself. */
const requestIdPattern = /^[\w.:/+=-]{1,128}$/;

const ids = new RandomIds("req_");

/** The identifier of a request: the client's own when it is fit to be logged, else a new one. */
export function requestIdOf(sent?: string): string {
  return sent !== undefined && requestIdPattern.test(sent) ? sent : ids.next();
}

/** Longest path in the log, in characters. */
const pathLengthMax = 256;

/** The path as the log has it; without its query, which may hold a key. */
function boundedPath(target: string): string {
  const path = pathOf(target);
  return path.length <= pathLengthMax ? path : `${path.slice(0, pathLengthMax)}…`;
}

/** The door of a server. */
export function createDoor(options: DoorOptions, deps: DoorDeps): Door {
  const { clock, metrics } = deps;
  const log = createAccessLog(deps);
  const countRequest = countRequests(metrics);
  const leave = ({ target }: Exchange | Upgrade, record: CallRecord, { status }: ExchangeEnd) => {
    countRequest(record, status, clock.nowMs() - record.startMs);
    if (!record.endpoint.startsWith("/")) record.path = boundedPath(target);
    log.exchangeEnded(record, status);
  };

  const enter = (arrival: Exchange | Upgrade, { name, port }: DoorListener): CallRecord => {
    const record: CallRecord = {
      requestId: requestIdOf(arrival.header("x-request-id")),
      listener: name,
      port,
      clientAddress: options.clientAddress(arrival.peer.address, arrival.header("x-forwarded-for")),
      httpMethod: arrival.method,
      httpVersion: arrival.httpVersion,
      startMs: clock.nowMs(),
      endpoint: "none",
      status: undefined,
      called: false,
    };
    arrival.onEnd((end) => leave(arrival, record, end));
    arrival.setHeader("x-request-id", record.requestId);
    return record;
  };

  return {
    exchange(exchange, listener) {
      const record = enter(exchange, listener);
      if (options.cors !== undefined && applyCors(exchange, options.cors)) {
        record.endpoint = "preflight";
        return undefined;
      }
      for (const surface of listener.surfaces) {
        const taken = surface.take(exchange, record);
        if (taken !== false) return taken === true ? undefined : taken;
      }
      return undefined;
    },
    upgrade: (upgrade, listener) => listener.upgrade(upgrade, enter(upgrade, listener)),
  };
}
