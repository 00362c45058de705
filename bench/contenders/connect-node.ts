/** Stock connect-node over node:http2 with the full chain: `<port>`. */

import { createServer } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { contextValues, routes, stockInterceptors } from "../support/chain.ts";

const handle = connectNodeAdapter({ routes, interceptors: stockInterceptors, contextValues });
createServer({ settings: { maxConcurrentStreams: 256 } }, handle).listen(
  Number(process.argv[2]),
  "127.0.0.1",
);
