/** One entry of the section `listeners`. */

import { z } from "zod";
import { surfaceNames } from "#surface-table.ts";
import { flag, text } from "#yaml/scalar.ts";
import { listenerAuth } from "./access-schema.ts";
import { allowedHosts, host } from "./address.ts";
import { cors } from "./cors.ts";
import { engine, port } from "./gateway.ts";
import { listenerLimits } from "./rate-limiting.ts";
import { jsonOverride } from "./rest-schema.ts";
import { traceTrust } from "./trace-trust.ts";

/** An entry of the section. */
export const listener = z.strictObject({
  name: text("a name of letters, digits, `-`, `_` and `.`", /^[\w.-]{1,64}$/).describe(
    "Name in logs and errors; unique.",
  ),
  host: host().optional().describe("Address to listen on; `gateway.host` when absent."),
  port: port().describe("Port; 0 lets the system choose."),
  serves: z
    .array(z.enum(surfaceNames))
    .min(1)
    .default([...surfaceNames])
    .describe(
      "Surfaces that it serves. `admin` is the methods of scope `admin`, by every RPC protocol and by REST; a listener without it has none of them.",
    ),
  http1_engine: engine()
    .optional()
    .describe("What speaks HTTP/1.1 here; `gateway.http1_engine` when absent."),
  http2_engine: engine()
    .optional()
    .describe("What speaks HTTP/2 here; `gateway.http2_engine` when absent."),
  proxy_protocol: flag()
    .prefault(false)
    .describe(
      "Every connection comes from one of `trusted_proxies` and begins with a header of the PROXY protocol, version 1 or 2.",
    ),
  allowed_hosts: allowedHosts()
    .optional()
    .describe("Hosts that requests may name; `gateway.allowed_hosts` when absent."),
  auth: listenerAuth.optional().describe("Who may call here, where it differs from `auth`."),
  trace_context: traceTrust()
    .optional()
    .describe("Whose `traceparent` counts here; `tracing.trace_context` when absent."),
  cors: cors.optional().describe("In place of `cors` on this listener."),
  rate_limiting: listenerLimits
    .optional()
    .describe(
      "Limits of this listener, all of its callers together, besides those of `rate_limiting`, and what differs here for each of them. Off where `rate_limiting.enabled` is off.",
    ),
  rest: z
    .strictObject({
      json: jsonOverride.prefault({}).describe("What differs from `rest.json` here."),
    })
    .optional()
    .describe("How REST differs on this listener."),
  tls: z
    .strictObject({
      cert_file: text().describe(
        "PEM certificate chain; paths count from the configuration file's folder.",
      ),
      key_file: text().describe("PEM private key."),
      ca_file: text()
        .optional()
        .describe("PEM authorities that client certificates are checked against."),
      client_auth: z
        .enum(["none", "request", "require"])
        .default("none")
        .describe("Whether clients are asked for a certificate, or turned away without one."),
    })
    .optional()
    .describe("Serves TLS; cleartext when absent."),
});
