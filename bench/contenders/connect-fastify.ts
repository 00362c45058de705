/** Stock connect-fastify over HTTP/1.1 with the full chain: `<port>`. */

import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { fastify } from "fastify";
import { contextValues, routes, stockInterceptors } from "../support/chain.ts";

const server = fastify();
await server.register(fastifyConnectPlugin, {
  routes,
  interceptors: stockInterceptors,
  contextValues,
});
await server.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
