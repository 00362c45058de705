/** Polygate from Node: gRPC over HTTP/2. */

import { createGrpcTransport } from "@connectrpc/connect-node";
import { callPolicy } from "./call-policy.ts";
import { clientsOver, type Polygate } from "./clients.ts";
import { type ClientOptions, defaultTimeoutMs } from "./options.ts";

/** Opens no connection yet: the first call does, and all calls share it. */
export function connect(options: ClientOptions): Polygate {
  return clientsOver(
    createGrpcTransport({
      baseUrl: options.baseUrl,
      defaultTimeoutMs: options.defaultTimeoutMs ?? defaultTimeoutMs,
      interceptors: callPolicy(options),
    }),
  );
}
