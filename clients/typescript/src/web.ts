/** Polygate from a browser, or from whatever has `fetch`: the Connect protocol. */

import { createConnectTransport } from "@connectrpc/connect-web";
import { callPolicy } from "./call-policy.ts";
import { clientsOver, type Polygate } from "./clients.ts";
import { type ClientOptions, defaultTimeoutMs } from "./options.ts";

/** The gateway allows a page of another origin by its setting `cors`. */
export function connect(options: ClientOptions): Polygate {
  return clientsOver(
    createConnectTransport({
      baseUrl: options.baseUrl,
      defaultTimeoutMs: options.defaultTimeoutMs ?? defaultTimeoutMs,
      interceptors: callPolicy(options),
    }),
  );
}
