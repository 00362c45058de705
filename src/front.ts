/** The street side of a server: listeners, the door, and the surfaces that its services are spoken to by. */

import { createContextValues, type Interceptor } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { clientAddress } from "#exchange/client-address.ts";
import { type CorsOptions, mayUpgrade } from "#exchange/cors.ts";
import { createDoor, requestIdOf, type Surface } from "#exchange/door.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { type Listener, type ListenerOptions, listen } from "#exchange/listener.ts";
import { createPagesSurface, type Pages, type Refuse } from "#exchange/pages.ts";
import { serverOptions } from "#exchange/server-options.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import type { MalformedAnswer } from "#exchange/wire.ts";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Logger } from "#observability/logger.ts";
import type { Metrics } from "#observability/metrics.ts";
import { restErrorBody } from "#rest/error-body.ts";
import { refuse } from "#rest/refusal.ts";
import { createRest, type Rest } from "#rest/rest.ts";
import { type Admits, createCallPath } from "#rpc/call.ts";
import type { Routes } from "#rpc/mount.ts";
import { refuseUnknown } from "#rpc/refusal.ts";
import { createRpc, type Rpc } from "#rpc/rpc.ts";

/** A listener and what it serves. */
export interface FrontListener extends Pick<ListenerOptions, "name" | "host" | "port" | "tls"> {
  readonly serves: readonly ("rpc" | "rest" | "metrics")[];
}

/** What the street side is built from. */
export interface FrontOptions {
  readonly listeners: readonly FrontListener[];
  readonly routes: Routes;
  readonly interceptors: Interceptor[];
  /** Who may have a call's body read; everybody when absent. */
  readonly admits?: Admits;
  /** Pages of every listener, of those that serve REST, and of those that serve metrics. */
  readonly pages: { readonly all: Pages; readonly rest: Pages; readonly metrics: Pages };
  /** Largest request body or message in bytes. */
  readonly bytesMax: number;
  readonly cors?: CorsOptions;
  /** Addresses and CIDR blocks whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Connections that each listener holds at one time. */
  readonly connectionsMax: number;
  /** What speaks HTTP/2: the project's own engine or Node's module. */
  readonly http2Engine: ListenerOptions["http2Engine"];
  /** Query parameters that REST passes over. */
  readonly ignoredQueryParameters?: readonly string[];
}

/** What the street side writes to. */
export interface FrontDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Open listeners. Disposing of them cuts off what is still under way. */
export interface Front extends AsyncDisposable {
  readonly listeners: readonly Listener[];
  /** Takes no more connections; resolves when the calls under way have ended or `graceMs` is over. */
  drain(graceMs: number): Promise<void>;
}

function valuesOf(record: CallRecord) {
  return createContextValues().set(callRecordKey, record);
}

/** Answers a path that nothing knows; RPC clients have words of their own for it. */
function answerUnknown(exchange: Exchange, record: CallRecord, refuseWith: Refuse): void {
  if (refuseUnknown(exchange, fault("METHOD_UNKNOWN", "no such method"))) return;
  refuseWith(exchange, record, fault("ROUTE_UNKNOWN", "no such path"));
}

/** The procedures, by every RPC protocol. */
function rpcSurface(rpc: Rpc): Surface {
  return {
    take(exchange, record) {
      const procedure = rpc.procedureOf(exchange.target);
      if (procedure === undefined) return false;
      record.endpoint = procedure.path;
      return rpc.serve(exchange, procedure, valuesOf(record)) ?? true;
    },
  };
}

/** REST, and with it every path that nothing knows: it comes last. */
function restSurface(rest: Rest, refuseWith: Refuse): Surface {
  return {
    take(exchange, record) {
      const match = rest.match(exchange.method, exchange.target);
      if (match === undefined) {
        answerUnknown(exchange, record, refuseWith);
        return true;
      }
      record.endpoint = match.kind === "malformed" ? "malformed" : match.pattern;
      const { requestId } = record;
      return rest.serve(exchange, match, { requestId, values: valuesOf(record) });
    },
  };
}

/** Streaming calls over WebSocket. */
function webSockets(rest: Rest, clock: Clock, cors: CorsOptions | undefined) {
  return (upgrade: Upgrade, record: CallRecord): void => {
    const { requestId } = record;
    const match = rest.matchUpgrade(upgrade.target);
    if (match !== undefined) record.endpoint = match.kind === "route" ? match.pattern : match.kind;
    if (mayUpgrade(upgrade, cors)) {
      void rest.upgrade(upgrade, match, { requestId, values: valuesOf(record) });
      return;
    }
    const error = fault("ORIGIN_REFUSED", "origin: pages of this origin may not call here");
    refuse(upgrade, error, { requestId, wallMs: clock.wallMs() });
  };
}

/** Opens every listener; when one cannot open, none stays open. */
export async function openFront(options: FrontOptions, deps: FrontDeps): Promise<Front> {
  await using opening = new AsyncDisposableStack();
  const { clock } = deps;
  const refuseWith: Refuse = (exchange, { requestId }, error) =>
    refuse(exchange, error, { requestId, wallMs: clock.wallMs() });

  const calls = createCallPath(options.routes, options.interceptors, options.admits);
  const rest = createRest(calls, {
    bodyBytesMax: options.bytesMax,
    clock,
    ignoredQueryParameters: options.ignoredQueryParameters ?? [],
  });
  const surfaces = {
    all: createPagesSurface(options.pages.all, refuseWith),
    rpc: rpcSurface(createRpc(calls, { readBytesMax: options.bytesMax })),
    restPages: createPagesSurface(options.pages.rest, refuseWith),
    rest: restSurface(rest, refuseWith),
    metrics: createPagesSurface(options.pages.metrics, refuseWith),
    none: {
      take(exchange, record) {
        answerUnknown(exchange, record, refuseWith);
        return true;
      },
    } satisfies Surface,
  };

  const door = createDoor(
    {
      clientAddress: clientAddress(options.trustedProxies),
      ...(options.cors === undefined ? {} : { cors: options.cors }),
    },
    deps,
  );
  const malformed = (message: string): MalformedAnswer => {
    const requestId = requestIdOf();
    const error = fault("REQUEST_INVALID", message);
    return { requestId, body: restErrorBody(error, { requestId, wallMs: clock.wallMs() }).body };
  };

  const { http2Engine, connectionsMax } = options;
  const sockets = webSockets(rest, clock, options.cors);
  const listeners: Listener[] = [];
  for (const wanted of options.listeners) {
    const { serves } = wanted;
    const served = [
      serverOptions,
      surfaces.all,
      ...(serves.includes("rpc") ? [surfaces.rpc] : []),
      ...(serves.includes("metrics") ? [surfaces.metrics] : []),
      ...(serves.includes("rest") ? [surfaces.restPages, surfaces.rest] : []),
      surfaces.none,
    ];
    const facts = { name: wanted.name, port: wanted.port, surfaces: served, upgrade: sockets };
    const listener = await listen(
      { ...wanted, http2Engine, connectionsMax },
      {
        exchange: (exchange) => door.exchange(exchange, facts),
        ...(serves.includes("rest")
          ? { upgrade: (upgrade: Upgrade) => door.upgrade(upgrade, facts) }
          : {}),
        malformed,
        connectionFailed: (reason, { requestId, code } = {}) => {
          deps.metrics.connectionFailures.inc({ reason });
          const line = { request_id: requestId, listener: wanted.name, reason, code };
          deps.logger.info(line, "connection failed");
        },
      },
    );
    // A listener that wished for port 0 has got another.
    facts.port = listener.port;
    listeners.push(opening.use(listener));
  }

  const owned = opening.move();
  return {
    listeners,
    async drain(graceMs) {
      await Promise.all(listeners.map((listener) => listener.drain(graceMs)));
    },
    async [Symbol.asyncDispose]() {
      calls.cutOff(fault("SHUTTING_DOWN", "the server is shutting down"));
      await owned.disposeAsync();
    },
  };
}
