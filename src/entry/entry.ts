/** The request entry: gives every request its id and record, finds the surface that serves it, counts how it ended. */

import type { Clock } from "#core/clock.ts";
import { RandomIds } from "#core/random-ids.ts";
import { applyCors, type CorsOptions } from "#exchange/cors.ts";
import { type Exchange, type ExchangeEnd, pathOf } from "#exchange/exchange.ts";
import { secureHeaders, securityHeaders } from "#exchange/security-headers.ts";
import type { TrustedProxies } from "#exchange/trusted-proxies.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import { type AccessLogDeps, createAccessLog } from "#observability/access-line.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { CallTraces } from "#observability/call-traces.ts";
import type { Logger } from "#observability/logger.ts";
import { Arrivals } from "./arrivals.ts";
import type { EntryMetrics } from "./metric-families.ts";
import { countRequests } from "./request-count.ts";
import type { Surface } from "./surface.ts";

/** What the entry applies to every request. */
export interface EntryOptions {
  readonly proxies: TrustedProxies;
}

/** What the entry writes to. */
export interface EntryDeps extends Pick<AccessLogDeps, "journal" | "audit"> {
  /** Absent: nothing is traced. */
  readonly traces?: CallTraces | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: EntryMetrics;
}

/** One listener, as the entry knows it. */
export interface EntryListener {
  readonly name: string;
  readonly port: number;
  /** Asked in order; the last one takes every exchange, and the last with WebSockets every one of these. */
  readonly surfaces: readonly Surface[];
  /** Absent: no cross-origin responses. */
  readonly cors?: CorsOptions | undefined;
}

/** Where requests of any listener come in. */
export interface Entry {
  /** Settles when the work on it is over, which may be after its client has left. */
  exchange(exchange: Exchange, listener: EntryListener): Promise<void> | undefined;
  upgrade(upgrade: Upgrade, listener: EntryListener): void;
  /** Requests that have come and not ended. */
  readonly active: number;
  /** Resolves when every request that came has ended; what handlers still do after that is theirs. */
  idle(): Promise<void>;
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

/** The request entry of a server. */
export function createEntry(options: EntryOptions, deps: EntryDeps): Entry {
  const { clock, metrics, traces } = deps;
  const { proxies } = options;
  const log = createAccessLog(deps);
  const countRequest = countRequests(metrics);
  const arrivals = new Arrivals();
  const leave = ({ target }: Exchange | Upgrade, record: CallRecord, { status }: ExchangeEnd) => {
    const elapsedMs = clock.nowMs() - record.startMs;
    countRequest(record, status, elapsedMs);
    if (!record.endpoint.startsWith("/")) record.path = boundedPath(target);
    log.exchangeEnded(record, status, elapsedMs);
    arrivals.end();
  };

  const enter = (arrival: Exchange | Upgrade, { name, port }: EntryListener): CallRecord => {
    const { peer } = arrival;
    const { certificate } = peer;
    const client = proxies.clientOf(peer.address, (field) => arrival.header(field));
    const record: CallRecord = {
      requestId: requestIdOf(arrival.header("x-request-id")),
      listener: name,
      port,
      clientAddress: client.address,
      httpMethod: arrival.method,
      httpVersion: arrival.httpVersion,
      startMs: clock.nowMs(),
      endpoint: "none",
      status: undefined,
      called: false,
      certificate,
      // What most calls are given later: making an object grow costs more.
      surface: undefined,
      principal: undefined,
      model: undefined,
      upstream: undefined,
      attempts: undefined,
      upstreamMs: undefined,
      tries: undefined,
      promptTokens: undefined,
      completionTokens: undefined,
      cost: undefined,
      outcome: undefined,
    };
    if (client.host !== undefined) record.host = client.host;
    if (traces !== undefined) {
      const trace = traces.begin(arrival, { listener: name, isByProxy: proxies.has(peer.address) });
      if (trace !== undefined) record.trace = trace;
    }
    arrival.sharedFields = peer.encrypted || client.isHttps ? secureHeaders : securityHeaders;
    arrivals.begin();
    arrival.onEnd((end) => leave(arrival, record, end));
    arrival.setHeader("x-request-id", record.requestId);
    return record;
  };

  return {
    exchange(exchange, listener) {
      const record = enter(exchange, listener);
      if (listener.cors !== undefined && applyCors(exchange, listener.cors)) {
        record.endpoint = "preflight";
        return undefined;
      }
      for (const surface of listener.surfaces) {
        const taken = surface.take(exchange, record);
        if (taken !== false) return taken === true ? undefined : taken;
      }
      return undefined;
    },
    upgrade(upgrade, listener) {
      const record = enter(upgrade, listener);
      for (const surface of listener.surfaces) if (surface.upgrade?.(upgrade, record)) return;
    },
    get active() {
      return arrivals.count;
    },
    idle: () => arrivals.none(),
  };
}
