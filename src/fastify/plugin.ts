/** `polygate/fastify`: the gateway's services in somebody else's Fastify server. */

import { cwd, env as ownEnv } from "node:process";
import { createContextValues } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import type { FastifyRequest } from "fastify";
import { loadSettings } from "#config/load.ts";
import { systemClock } from "#core/clock.ts";
import { requestIdOf } from "#entry/entry.ts";
import { startGateway } from "#gateway.ts";
import { callRecordKey } from "#interceptors/context.ts";
import { createLogger } from "#observability/logger.ts";
import { problemText } from "#yaml/problem.ts";
import { mountCalls } from "./mounted-calls.ts";
import type { polygate as declared, PolygateOptions } from "./plugin-types.ts";

/** What interceptors know of a call that Fastify has taken. The server decides which proxies it believes. */
function valuesOf({ headers, ip, method, raw, routeOptions, socket }: FastifyRequest) {
  const sent = headers["x-request-id"];
  return createContextValues().set(callRecordKey, {
    requestId: requestIdOf(typeof sent === "string" ? sent : undefined),
    listener: "fastify",
    port: socket.localPort ?? 0,
    clientAddress: ip,
    httpMethod: method,
    httpVersion: raw.httpVersionMajor === 2 ? "2" : "1.1",
    startMs: systemClock.nowMs(),
    endpoint: routeOptions.url ?? "",
    surface: "rpc",
    // Nothing ends such a call but itself.
    status: 0,
    called: true,
  });
}

/** Reads the settings. Throws Error with every problem. */
function settingsOf({ config, env = ownEnv }: PolygateOptions) {
  const argv = config === undefined ? [] : ["--config", config];
  const loaded = loadSettings({ argv, env, cwd: cwd() });
  if (loaded.ok) return loaded.settings;
  throw new Error(loaded.problems.map(problemText).join("\n"));
}

/** The plugin, as its types tell it. */
export const polygate: typeof declared = async (server, options) => {
  const settings = settingsOf(options);
  const { log } = options;
  const logger = createLogger(settings.logging, log && { write: log });
  const gateway = await startGateway({ ...settings, listeners: [] }, logger);
  await gateway.ready();
  for (const warning of settings.warnings) logger.warn(problemText(warning));
  server.addHook("preClose", () => gateway.drain());
  server.addHook("onClose", () => gateway[Symbol.asyncDispose]());
  await server.register(fastifyConnectPlugin, {
    routes: (router) => mountCalls(router, () => gateway.calls),
    contextValues: valuesOf,
    readMaxBytes: settings.request.bytesMax,
  });
};
