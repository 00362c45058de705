/** gRPC, gRPC-Web and Connect through connect-fastify: takes every exchange whose path is a procedure. */

import { type ContextValues, createContextValues, type Interceptor } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import type { FastifyInstance } from "fastify";
import type { Surface } from "#exchange/door.ts";
import { pathOf } from "#exchange/exchange.ts";
import { NodeExchange, type NodeRequest } from "#exchange/node-exchange.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { CallPath, Routes } from "./call.ts";

/** What the RPC surface is built from. */
export interface RpcSurfaceOptions {
  readonly routes: Routes;
  readonly calls: CallPath;
  readonly interceptors: Interceptor[];
  /** Largest message that is taken, in bytes. */
  readonly messageBytesMax: number;
  /** Values of a call that begins with this record. */
  readonly valuesOf: (record: CallRecord) => ContextValues;
  /** Aborts calls that outlast the drain. */
  readonly shutdownSignal: AbortSignal;
}

/** Registers the procedures on `app`; the surface serves once `app` is ready. */
export function createRpcSurface(app: FastifyInstance, options: RpcSurfaceOptions): Surface {
  const { routes, calls, interceptors, messageBytesMax, valuesOf, shutdownSignal } = options;
  const values = new WeakMap<NodeRequest, ContextValues>();
  app.register(fastifyConnectPlugin, {
    routes,
    interceptors,
    shutdownSignal,
    readMaxBytes: messageBytesMax,
    contextValues: (request) => values.get(request.raw) ?? createContextValues(),
  });
  const procedures = new Set(
    calls.services.flatMap(({ typeName, methods }) =>
      methods.map(({ name }) => `/${typeName}/${name}`),
    ),
  );
  return {
    take(exchange, record) {
      const path = pathOf(exchange.target);
      if (!procedures.has(path) || !(exchange instanceof NodeExchange)) return false;
      record.endpoint = path;
      values.set(exchange.request, valuesOf(record));
      app.routing(exchange.request as never, exchange.response as never);
      return true;
    },
  };
}
