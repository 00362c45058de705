/** The RPC server for any program: Connect routes in, a handler of requests or an open port out. */

import { randomUUID } from "node:crypto";
import { createContextValues, type Interceptor } from "@connectrpc/connect";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { type Listener, type ListenerOptions, listen } from "#exchange/listener.ts";
import { NodeExchange, type NodeResponse } from "#exchange/node-exchange.ts";
import type { NodeRequest } from "#exchange/node-request.ts";
import type { WireHandlers } from "#exchange/wire.ts";
import { createCallPath } from "./call.ts";
import type { Routes } from "./mount.ts";
import { wireError } from "./protocol-handler.ts";
import { refuse, refuseUnknown } from "./refusal.ts";
import { createRpc, type RpcOptions } from "./rpc.ts";

/** How calls are read and answered; every bound has a default. */
export interface RpcHandlerOptions extends Partial<RpcOptions> {
  /** What every call runs through; the first is the outermost. Default none. */
  readonly interceptors?: readonly Interceptor[];
  /** Takes the requests whose path is no method's; default: they are answered 404. */
  readonly fallback?: (exchange: Exchange) => void | Promise<void>;
}

/** Responds to requests that others took from the wire. Never throws or rejects by itself. */
export interface RpcHandler {
  /** On the exchange interface. A promise settles when the work on it is over; undefined: it is. */
  exchange(exchange: Exchange): void | Promise<void>;
  /** For `request` of a server of node:http or node:http2. */
  request(request: NodeRequest, response: NodeResponse): void;
  /** Ends all calls with a fault that says SHUTTING_DOWN; the signals of their handlers abort with it. */
  cutOff(): void;
}

/** Where calls are taken, besides how. */
export interface ServeRpcOptions
  extends RpcHandlerOptions,
    Partial<Omit<ListenerOptions, "name" | "clock">> {
  /** Notified why a client lost its connection, in a word from a bounded set. */
  readonly connectionFailed?: WireHandlers["connectionFailed"];
}

const readBytesMax = 4 * 1024 * 1024;

/**
 * Serves gRPC, gRPC-Web and Connect calls of what `routes` registers. Messages are bounded to 4 MiB
 * unless set otherwise. Throws TypeError for a method that is registered twice.
 */
export function rpcHandler(routes: Routes, options: RpcHandlerOptions = {}): RpcHandler {
  const { interceptors = [], plainErrors = false, ...rpcOptions } = options;
  const buffers = options.buffers ?? new ByteBudget(bufferBytesMaxDefault);
  const { fallback = (exchange: Exchange) => refusePath(exchange, plainErrors) } = options;
  const calls = createCallPath(routes, interceptors);
  const rpc = createRpc(calls, { readBytesMax, plainErrors, ...rpcOptions, buffers });
  const serve = (exchange: Exchange) => {
    const procedure = rpc.procedureOf(exchange.target);
    if (procedure === undefined) return fallback(exchange);
    return rpc.serve(exchange, procedure, createContextValues());
  };
  return {
    exchange: serve,
    request: (request, response) => void serve(new NodeExchange(request, response, { buffers })),
    cutOff: () => calls.cutOff(fault("SHUTTING_DOWN", "the server is shutting down")),
  };
}

/**
 * Opens one port for all protocols, over HTTP/1.1 and HTTP/2; 8080 of loopback unless set
 * otherwise. Disposing of it cuts calls off, `drain` lets them end or tells
 * their clients why they are cut off. Rejects with the system's error
 * when the port cannot open.
 */
export async function serveRpc(routes: Routes, options: ServeRpcOptions = {}): Promise<Listener> {
  const buffers = options.buffers ?? new ByteBudget(bufferBytesMaxDefault);
  const handler = rpcHandler(routes, { ...options, buffers });
  const listener = await listen(
    {
      host: "127.0.0.1",
      port: 8080,
      http1Engine: "polygate",
      http2Engine: "polygate",
      ...options,
      buffers,
      name: "rpc",
    },
    {
      exchange: handler.exchange,
      malformed,
      cutOff: handler.cutOff,
      connectionFailed: options.connectionFailed ?? (() => {}),
    },
  );
  return {
    ...listener,
    async [Symbol.asyncDispose]() {
      handler.cutOff();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/** Connect's codes of what an HTTP engine refuses; all others are requests that are not sound. */
const codeByRefusal: ReadonlyMap<number, string> = new Map([
  [501, "unimplemented"],
  [503, "unavailable"],
]);

/** What Connect's clients read of a response to bytes that are no request. */
function malformed(message: string, status: number) {
  const code = codeByRefusal.get(status) ?? "invalid_argument";
  return { requestId: randomUUID(), body: JSON.stringify({ code, message }) };
}

function refusePath(exchange: Exchange, plainErrors: boolean): void {
  const error = wireError(fault("METHOD_UNKNOWN", "no such method"), { plainErrors });
  if (refuseUnknown(exchange, error)) return;
  refuse(exchange, { status: 404, text: "no such method", headers: [] });
}
