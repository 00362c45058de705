/** The public side of a server: its listeners, the request entry, and the surfaces by which its services are called. */

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { connectionsWithin, descriptorsMax } from "#core/descriptors.ts";
import { lazy } from "#core/lazy.ts";
import { settleWithin } from "#core/settle-within.ts";
import { createAllowedHosts } from "#entry/allowed-hosts.ts";
import {
  createEntry,
  type Entry,
  type EntryDeps,
  type EntryListener,
  requestIdOf,
} from "#entry/entry.ts";
import type { EntryMetrics } from "#entry/metric-families.ts";
import { keepOwnFailure } from "#entry/own-failure.ts";
import { createPagesSurface, type Pages } from "#entry/pages.ts";
import { serverOptions } from "#entry/server-options.ts";
import type { Refuse, Surface } from "#entry/surface.ts";
import { createUnknownMethods } from "#entry/unknown-methods.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import type { Reason } from "#errors/reason.ts";
import { Compression, defaultCompression } from "#exchange/compression.ts";
import { leavingMax } from "#exchange/connection-places.ts";
import type { CorsOptions } from "#exchange/cors.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { type Listener, type ListenerOptions, listen } from "#exchange/listener.ts";
import { secureHeaders, securityHeaders } from "#exchange/security-headers.ts";
import { type ProxyField, trustedProxies } from "#exchange/trusted-proxies.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import type { MalformedResponse } from "#exchange/wire.ts";
import { RelayService } from "#gen/polygate/v1/relay_pb.js";
import { valuesOf } from "#interceptors/context.ts";
import { methodFacts } from "#interceptors/method-facts.ts";
import type { Logger } from "#observability/logger.ts";
import { createPortalSurface, type PortalOptions, rpcPath } from "#portal/surface.ts";
import { Decompressor } from "#protocol/decompressor.ts";
import { restErrorBody } from "#rest/error-body.ts";
import type { JsonOptions } from "#rest/json.ts";
import { refuse } from "#rest/refusal.ts";
import { createRest, type RestOptions } from "#rest/rest.ts";
import { type CallPath, type CallPolicy, createCallPath } from "#rpc/call.ts";
import type { Routes } from "#rpc/mount.ts";
import { refuseUnknown } from "#rpc/refusal.ts";
import { createRpc, type Rpc } from "#rpc/rpc.ts";
import { createLlmSurface } from "#surfaces/llm.ts";
import { llmSurfaceNames } from "#surfaces/llm-paths.ts";
import { createOipSurface } from "#surfaces/oip.ts";
import type { FindModel } from "#surfaces/served-model.ts";
import { createTfServingSurface } from "#surfaces/tfserving.ts";
import { ruleLimits } from "#validation/field-limits.ts";
import { methodExtras } from "./method-extras.ts";
import { createPortalSockets } from "./portal-sockets.ts";
import { createRestAdapter } from "./rest-adapter.ts";
import type { SurfaceName } from "./surface-table.ts";

/** A listener and what it serves. */
export interface FrontListener
  extends Pick<
    ListenerOptions,
    | "name"
    | "host"
    | "port"
    | "isHandedOver"
    | "tls"
    | "http1Engine"
    | "http2Engine"
    | "connectionAge"
  > {
  readonly serves: readonly SurfaceName[];
  /** What differs from the JSON of `rest` here. */
  readonly json?: JsonOptions;
  /** Absent: no cross-origin responses. */
  readonly cors?: CorsOptions;
  /** Hosts that requests may name; absent: any. */
  readonly allowedHosts?: readonly string[];
  /** Trusted proxies begin each connection with a header of the PROXY protocol. */
  readonly proxyProtocol?: boolean;
}

/** What serves requests, apart from sockets. */
export interface ServingOptions {
  readonly listeners: readonly FrontListener[];
  readonly routes: Routes;
  readonly interceptors: Interceptor[];
  /** What holds for every call besides them. */
  readonly policy?: CallPolicy;
  /** Pages of every listener, of those that serve REST, and of those that serve metrics. */
  readonly pages: {
    readonly all: Pages;
    readonly rest: (listener: Pick<FrontListener, "name" | "serves" | "json">) => Pages;
    readonly metrics: Pages;
  };
  /** Largest request body or message in bytes. */
  readonly bytesMax: number;
  /** Largest upload in bytes; `bytesMax` when absent. */
  readonly fileBytesMax?: number;
  /** Most elements of a request message; the decoders have a default. */
  readonly elementsMax?: number;
  /** Bytes of a relayed form in which its model must stand; 4 MiB when absent. */
  readonly aheadBytesMax?: number;
  /** What calls say is kept for who looks at recent ones. */
  readonly capturesBodies?: boolean;
  /** What all requests and responses hold in memory, over all listeners and protocols. */
  readonly buffers: ByteBudget;
  /** Finds the models that predict; absent: there are none, and no surface of theirs. */
  readonly findModel?: FindModel;
  /** Addresses and CIDR blocks that are believed about their clients. */
  readonly trustedProxies: readonly string[];
  /** Fields in which they tell; every one when absent. */
  readonly trustedHeaders?: readonly ProxyField[];
  /** How REST finds methods, and reads and writes their messages. */
  readonly rest?: Omit<RestOptions, "bodyBytesMax" | "clock">;
  /** Absent: there is no portal. */
  readonly portal?: PortalOptions;
}

/** What the public side is built from. */
export interface FrontOptions extends ServingOptions {
  /** Connections that each listener holds at one time. */
  readonly connectionsMax: number;
  /** Those of one address, once few are left; a quarter when absent. */
  readonly connectionsPerAddressMax?: number;
  /** Sockets that the process was started with, by the name of their listener. */
  readonly sockets?: ReadonlyMap<string, number>;
}

/** What the public side writes to. */
export interface FrontDeps extends Pick<EntryDeps, "journal" | "audit" | "traces"> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: EntryMetrics;
}

/** What serves requests at one time, built whole: a call path, and the surfaces of each listener. */
export interface Serving {
  readonly entry: Entry;
  /** What all surfaces call, for a server of somebody else's. */
  readonly calls: CallPath;
  /** By the name of the listener. */
  readonly listeners: ReadonlyMap<string, Pick<EntryListener, "surfaces" | "cors">>;
  /** Whether connections from an address are a trusted proxy's. */
  isTrustedProxy(address: string): boolean;
  /** Resolves when every request that it was given has ended, and no call is active. */
  done(): Promise<void>;
  /** No more requests are to come: connections that only wait for the next one close. */
  retire(): void;
  /** Resolves when no call is active. */
  idle(): Promise<void>;
  /** Ends all calls, those that are still to begin included. */
  cutOff(): void;
}

/** Open listeners. Disposing of them cuts off the calls that are still active. */
export interface Front extends AsyncDisposable {
  readonly listeners: readonly Listener[];
  /** Requests that have come and not ended. */
  readonly active: number;
  /**
   * Every further request, also on connections that are open, is served by `next`. Resolves when the
   * requests of the one before have ended, or their calls were cut off after `graceMs`. Rejects for a
   * `next` that lacks a listener, and then changes nothing.
   */
  replace(next: Serving, graceMs: number): Promise<void>;
  /** Takes no more connections; resolves when the active calls have ended, or were cut off after `graceMs`. */
  drain(graceMs: number): Promise<void>;
}

/** Reasons of what an HTTP engine refuses; all others are requests that are not sound. */
const reasonByRefusal: ReadonlyMap<number, Reason> = new Map<number, Reason>([
  [414, "TARGET_TOO_LONG"],
  [501, "METHOD_UNKNOWN"],
  [503, "BUFFERS_FULL"],
]);

/** The procedures, by every RPC protocol. */
function rpcSurface(rpc: Rpc): Surface {
  return {
    name: "rpc",
    take(exchange, record) {
      const procedure = rpc.procedureOf(exchange.target);
      if (procedure === undefined) return false;
      // No browser shows these responses, and gRPC's clients take each field for metadata.
      exchange.sharedFields = undefined;
      record.endpoint = procedure.path;
      record.surface = "rpc";
      return rpc.serve(exchange, procedure, valuesOf(record)) ?? true;
    },
    refuse(arrival, _record, error) {
      // What is wrong before there is a path is HTTP's matter, and not that of an RPC protocol.
      if (reasonOf(error) !== "ROUTE_UNKNOWN") return false;
      return refuseUnknown(arrival, fault("METHOD_UNKNOWN", "no such method"));
    },
  };
}

/** Takes what all others have left. */
function lastSurface(refuse: Refuse): Surface {
  return {
    name: "none",
    take(exchange, record) {
      refuse(exchange, record, fault("ROUTE_UNKNOWN", "no such path"));
      return true;
    },
  };
}

/** The same where others than REST, which takes every WebSocket, have some. */
function lastWithSockets(refuse: Refuse): Surface {
  return {
    ...lastSurface(refuse),
    upgrade(upgrade, record) {
      refuse(upgrade, record, fault("ROUTE_UNKNOWN", "no stream has this path"));
      return true;
    },
  };
}

/** Time for calls that are asked to stop, when no connection is left. */
const lastWordsMs = 800;
const aheadBytesMaxDefault = 4 * 1024 * 1024;

/** The calls that RPC serves: what is relayed has bytes next to its messages, which RPC does not carry. */
function openCalls(calls: CallPath): CallPath {
  const isOpen = (service: DescService) => service !== RelayService;
  return {
    ...calls,
    services: calls.services.filter(isOpen),
    methods: calls.methods.filter(({ parent }) => isOpen(parent)),
  };
}

/** Whose methods a listener serves, in one way of calling them. */
interface MethodsFor {
  /** Those that need no scope admin. */
  readonly everybody: boolean;
  /** Those that need it. */
  readonly admins: boolean;
}

/** What a listener serves in one way of calling; undefined: nothing. */
function wantedBy(way: "rpc" | "rest", serves: FrontListener["serves"]): MethodsFor | undefined {
  const wanted = { everybody: serves.includes(way), admins: serves.includes("admin") };
  return wanted.everybody || wanted.admins ? wanted : undefined;
}

/** The calls, of the methods alone that are served. */
function methodsFor(calls: CallPath, { everybody, admins }: MethodsFor): CallPath {
  if (everybody && admins) return calls;
  const isServed = (method: DescMethod) => {
    const { isDecided, requiredScope } = methodFacts(method);
    return isDecided && requiredScope === "admin" ? admins : everybody;
  };
  return { ...calls, methods: calls.methods.filter(isServed) };
}

/** What `make` makes for methods: once for each choice of them. */
function forEachChoice<T>(make: (wanted: MethodsFor) => T): (wanted: MethodsFor) => T {
  const made = new Map<string, T>();
  return (wanted) => {
    const key = `${wanted.everybody} ${wanted.admins}`;
    const before = made.get(key) ?? make(wanted);
    made.set(key, before);
    return before;
  };
}

/** What the surfaces of every listener are made of. */
interface SurfaceParts {
  readonly calls: CallPath;
  readonly clock: Clock;
  readonly refuseWith: Refuse;
}

/** The surfaces of model servers' clients, of a listener. */
function modelSurfacesOf(
  options: ServingOptions,
  {
    calls,
    clock,
    compression,
  }: Omit<SurfaceParts, "refuseWith"> & {
    readonly compression: Compression;
  },
): (serves: FrontListener["serves"]) => Surface[] {
  const { findModel, bytesMax: bodyBytesMax, elementsMax, buffers } = options;
  if (findModel === undefined) return () => [];
  const decompressor = new Decompressor(buffers);
  const terms = { clock, bodyBytesMax, elementsMax, decompressor, buffers, compression, findModel };
  return (serves) => {
    const wanted = { everybody: true, admins: serves.includes("admin") };
    const own = { ...terms, calls: methodsFor(calls, wanted) };
    return [
      ...(serves.includes("oip") ? [createOipSurface(own)] : []),
      ...(serves.includes("tfserving")
        ? [createTfServingSurface({ ...own, serves: new Set(serves) })]
        : []),
    ];
  };
}

/** The portal, where there is one. */
function portalSurfaces(
  { portal }: ServingOptions,
  deps: Parameters<typeof createPortalSurface>[1],
): Surface[] {
  return portal === undefined ? [] : [createPortalSurface(portal, deps)];
}

/** How the bodies of REST are read. */
function readingOf(options: ServingOptions, clock: Clock) {
  return {
    bodyBytesMax: options.bytesMax,
    ...(options.fileBytesMax === undefined ? {} : { uploadBytesMax: options.fileBytesMax }),
    elementsMax: options.elementsMax,
    limitsOf: ruleLimits,
    extrasOf: methodExtras,
    clock,
  };
}

/** The surfaces of each listener, in the order in which they are asked. */
function surfacesOf(options: ServingOptions, { calls, clock, refuseWith }: SurfaceParts) {
  const compression = new Compression(options.rest?.compression ?? defaultCompression);
  const pages = (some: Pages) => createPagesSurface(some, refuseWith, compression);
  const reading = readingOf(options, clock);
  const restWith = (wanted: MethodsFor, json: JsonOptions = {}) =>
    createRest(methodsFor(calls, wanted), {
      ...options.rest,
      json: { ...options.rest?.json, ...json },
      ...reading,
    });
  const all = pages(options.pages.all);
  const { bytesMax: readBytesMax, elementsMax, buffers } = options;
  const decoding = { elementsMax, limitsOf: ruleLimits };
  const handlersOf = forEachChoice((wanted) =>
    createRpc(methodsFor(openCalls(calls), wanted), {
      ...{ readBytesMax, decoding, buffers, clock },
      trailersOnlyErrors: true,
    }),
  );
  const portals = portalSurfaces(options, {
    // What a person may do there is their scope's matter alone.
    rpc: handlersOf({ everybody: true, admins: true }),
    sockets: createPortalSockets({ path: rpcPath, calls: openCalls(calls) }, reading),
    ...{ refuse: refuseWith, clock },
  });
  const metrics = pages(options.pages.metrics);
  const rpcOf = (wanted: MethodsFor | undefined) =>
    wanted === undefined ? [] : [rpcSurface(handlersOf(wanted))];
  // To route the paths of all methods takes 7 ms, and no start needs them.
  const sharedRest = forEachChoice((wanted) => lazy(() => restWith(wanted)));
  const restOf = (wanted: MethodsFor, json: JsonOptions | undefined) =>
    json === undefined ? sharedRest(wanted) : lazy(() => restWith(wanted, json));
  const llmFor = ({ serves, cors }: FrontListener): Surface[] => {
    const served = new Set(llmSurfaceNames.filter((name) => serves.includes(name)));
    if (served.size === 0) return [];
    const heartbeatMs = options.rest?.heartbeatMs ?? 15_000;
    const { bytesMax: bodyBytesMax, aheadBytesMax = aheadBytesMaxDefault } = options;
    const { capturesBodies = false } = options;
    const uploadBytesMax = options.fileBytesMax ?? bodyBytesMax;
    const terms = { bodyBytesMax, uploadBytesMax, aheadBytesMax, heartbeatMs, capturesBodies };
    const shared = { calls, clock, cors };
    return [createLlmSurface({ ...shared, ...terms, serves: served })];
  };
  const modelSurfaces = modelSurfacesOf(options, { calls, clock, compression });
  return options.listeners.map((listener) => {
    const { serves, json, cors, allowedHosts } = listener;
    const byRest = wantedBy("rest", serves);
    const rest = byRest && restOf(byRest, json);
    const isServed = ({ method, target }: Exchange) =>
      rest?.().match(method, target)?.kind === "route";
    const clientSurfaces = [
      ...rpcOf(wantedBy("rpc", serves)),
      ...modelSurfaces(serves),
      ...llmFor(listener),
    ];
    const refuseElsewhere = (...refused: Parameters<Refuse>) =>
      clientSurfaces.some((surface) => surface.refuse?.(...refused) === true);
    // REST's shape is that of the gateway itself.
    const refuse: Refuse = (...refused) => {
      if (!refuseElsewhere(...refused)) refuseWith(...refused);
    };
    const adapter = { cors, refuse, refuseElsewhere };
    const served = [
      ...clientSurfaces,
      ...(serves.includes("metrics") ? [metrics] : []),
      ...(serves.includes("portal") ? portals : []),
      ...(serves.includes("rest") ? [pages(options.pages.rest(listener))] : []),
      ...(rest === undefined ? [] : [createRestAdapter(rest, adapter)]),
    ];
    const hasSockets = served.some(({ upgrade }) => upgrade !== undefined);
    served.push(hasSockets && rest === undefined ? lastWithSockets(refuse) : lastSurface(refuse));
    const hosts =
      allowedHosts === undefined ? [] : [createAllowedHosts(allowedHosts, { refuse, hasSockets })];
    // The hosts come after what probes ask for, since these name an address.
    const first = [createUnknownMethods(refuse, isServed), serverOptions, all, ...hosts];
    return { listener, surfaces: [...first, ...served] };
  });
}

/** Builds what serves requests; listeners pass them to it. */
export function createServing(options: ServingOptions, deps: FrontDeps): Serving {
  const { clock } = deps;
  const refuseWith: Refuse = (arrival, record, error) => {
    keepOwnFailure(record, error);
    refuse(arrival, error, { requestId: record.requestId, wallMs: clock.wallMs() });
  };

  const calls = createCallPath(options.routes, options.interceptors, { ...options.policy, clock });
  const all = surfacesOf(options, { calls, clock, refuseWith });
  const proxies = trustedProxies(options.trustedProxies, options.trustedHeaders);
  const entry = createEntry({ proxies }, deps);
  return {
    entry,
    calls: openCalls(calls),
    listeners: new Map(
      all.map(({ listener: { name, cors }, surfaces }) => [name, { surfaces, cors }]),
    ),
    isTrustedProxy: (address) => proxies.has(address),
    async done() {
      // A call may begin after its body has come: as long as there are requests there may be calls.
      await entry.idle();
      await calls.idle();
    },
    retire() {
      for (const { surfaces } of all) for (const surface of surfaces) surface.retire?.();
    },
    idle: () => calls.idle(),
    cutOff: () => calls.cutOff(fault("SHUTTING_DOWN", "the server is shutting down")),
  };
}

/** What serves a listener. Throws when nothing does. */
function servingFor({ listeners }: Serving, name: string) {
  const own = listeners.get(name);
  if (own === undefined) throw new Error(`nothing serves the listener ${name}`);
  return own;
}

/** Connections of a listener: as configured, and no more than leaves descriptors for all that is not a client's. */
function connectionsOf({ connectionsMax, listeners }: FrontOptions, { logger }: FrontDeps): number {
  const descriptors = descriptorsMax();
  const possible = connectionsWithin(descriptors, listeners.length, leavingMax);
  if (possible >= connectionsMax) return connectionsMax;
  const facts = { descriptors, connections: possible, connections_max: connectionsMax };
  logger.warn(facts, "too few descriptors for connections_max: fewer connections are taken");
  return possible;
}

/** Opens every listener; when one cannot open, none stays open. */
export async function openFront(
  options: FrontOptions,
  deps: FrontDeps,
  serving: Serving = createServing(options, deps),
): Promise<Front> {
  await using opening = new AsyncDisposableStack();
  const { clock } = deps;
  let current = serving;
  /** All that have calls: the current one, and those that it has replaced. */
  const servings = new Set([serving]);
  const malformedOn =
    ({ tls }: FrontListener) =>
    (message: string, status: number): MalformedResponse => {
      const requestId = requestIdOf();
      const error = fault(reasonByRefusal.get(status) ?? "REQUEST_INVALID", message);
      const { body } = restErrorBody(error, { requestId, wallMs: clock.wallMs() });
      const sharedFields = tls === undefined ? securityHeaders : secureHeaders;
      return { requestId, body, sharedFields };
    };

  const cutOff = () => {
    for (const one of servings) one.cutOff();
  };
  const { connectionsPerAddressMax, buffers, sockets } = options;
  const shared = {
    connectionsMax: connectionsOf(options, deps),
    buffers,
    ...(connectionsPerAddressMax === undefined ? {} : { connectionsPerAddressMax }),
  };
  const proxies = (address: string) => current.isTrustedProxy(address);
  const listeners: Listener[] = [];
  const listening: { -readonly [K in keyof EntryListener]: EntryListener[K] }[] = [];
  for (const wanted of options.listeners) {
    const { name, port } = wanted;
    const facts = { name, port, ...servingFor(serving, name) };
    listening.push(facts);
    const fd = sockets?.get(name);
    const listener = await listen(
      {
        ...wanted,
        ...shared,
        ...(wanted.proxyProtocol === true && { proxies }),
        ...(fd !== undefined && { fd }),
      },
      {
        exchange: (exchange) => current.entry.exchange(exchange, facts),
        ...(facts.surfaces.some(({ upgrade }) => upgrade !== undefined)
          ? { upgrade: (asked: Upgrade) => current.entry.upgrade(asked, facts) }
          : {}),
        malformed: malformedOn(wanted),
        cutOff,
        connectionFailed: (reason, { requestId, code } = {}) => {
          deps.metrics.connectionFailures.inc({ reason });
          const line = { request_id: requestId, listener: name, reason, code };
          deps.logger.info(line, "connection failed");
        },
      },
    );
    // A listener with port 0, or with a socket of the process's parent, has another.
    facts.port = listener.port;
    listeners.push(opening.use(listener));
  }

  const owned = opening.move();
  return {
    listeners,
    get active() {
      return servings.values().reduce((sum, { entry }) => sum + entry.active, 0);
    },
    async replace(next, graceMs) {
      const taking = listening.map(({ name }) => servingFor(next, name));
      const before = current;
      current = next;
      servings.add(next);
      for (const [index, facts] of listening.entries()) Object.assign(facts, taking[index]);
      before.retire();
      await settleWithin(before.done(), graceMs, clock);
      before.cutOff();
      await before.idle();
      servings.delete(before);
    },
    async drain(graceMs) {
      current.retire();
      const endMs = clock.nowMs() + graceMs + lastWordsMs;
      // A call may go on without its client, and then has no connection that would wait for it.
      const idle = settleWithin(current.idle(), graceMs, clock);
      await Promise.all([...listeners.map((listener) => listener.drain(graceMs)), idle]);
      cutOff();
      await settleWithin(current.idle(), Math.max(0, endMs - clock.nowMs()), clock);
    },
    async [Symbol.asyncDispose]() {
      cutOff();
      await owned.disposeAsync();
    },
  };
}
