/** A PolyAgent core on a real port: an agent behind Connect routes on node:http2. */

import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type SecureServerOptions,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Agent } from "#agent/agent.ts";
import { registerCoreService } from "#agent/service.ts";
import { CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import { createHealthStatus, registerHealth } from "#rpc/health.ts";

/** A core that listens on loopback until it is disposed, connections and all. */
export interface CoreServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Metadata `x-request-id` of each call so far. */
  readonly requestIds: readonly string[];
  /** Metadata of each call that says who calls. */
  readonly told: readonly Readonly<Record<string, unknown>>[];
  /** All metadata of each call, but for those of health checks. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** Connections that are open. */
  readonly sessions: () => number;
}

/** Is given the server before it listens. */
type OnServer = (server: Http2Server | Http2SecureServer) => void;

/** Serves `agent`; port 0 takes a free one. Absent `tls` means cleartext. */
export function startCoreServer(
  agent: Agent,
  port = 0,
  tls?: SecureServerOptions,
  onServer?: OnServer,
): Promise<CoreServer> {
  const names = [CoreService.typeName];
  return startRoutes(
    (router) => {
      registerCoreService(router, agent);
      registerHealth(router, createHealthStatus(names), names);
    },
    port,
    tls,
    onServer,
  );
}

/** The headers that say who calls. */
export function toldIn(headers: IncomingHttpHeaders): Record<string, unknown> {
  const names = ["principal", "scopes", "group", "identity"].map((name) => `x-polygate-${name}`);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => names.includes(name.toLowerCase())),
  );
}

/** Serves any routes in a core's place. */
export async function startRoutes(
  routes: (router: ConnectRouter) => void,
  port = 0,
  tls?: SecureServerOptions,
  onServer?: OnServer,
): Promise<CoreServer> {
  const requestIds: string[] = [];
  const told: Record<string, unknown>[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const handle = connectNodeAdapter({ routes });
  const serve: typeof handle = (request, response) => {
    const id = request.headers["x-request-id"];
    if (typeof id === "string") requestIds.push(id);
    if (!request.url?.includes("Health")) {
      told.push(toldIn(request.headers));
      headers.push(request.headers);
    }
    handle(request, response);
  };
  const server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
  onServer?.(server);
  const sessions = new Set<Http2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: taken } = server.address() as AddressInfo;
  return {
    port: taken,
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${taken}`,
    requestIds,
    told,
    headers,
    sessions: () => sessions.size,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}
