/** The section `gateway`: the listener, and what every request may take. */

import { z } from "zod";
import { duration, durationOrNone, size, text, wholeNumber } from "#yaml/scalar.ts";
import { allowedHosts, host } from "./address.ts";
import type { CompileContext } from "./compile-context.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import type { SettingFlagRow } from "./serve-flag-row.ts";

/** A port; 0 lets the system choose. */
export const port = () => wholeNumber(0, 65_535);

/** What speaks a version of HTTP. */
export const engine = () => z.enum(["polygate", "node"]);

/** The section of the file. */
export const gateway = z.strictObject({
  host: host().prefault("0.0.0.0").describe("Address to listen on; the default of every listener."),
  port: port()
    .optional()
    .describe("Port of the one listener; 0 lets the system choose. 8080 when no port is named."),
  ports: z
    .array(port())
    .min(1)
    .optional()
    .describe("Instead of `port`: one listener per port, each serving everything."),
  portal_port: port()
    .optional()
    .describe(
      "Instead of `port`: port of the listener `portal`; 8080 when only `api_port` is named.",
    ),
  api_port: port()
    .optional()
    .describe(
      "Instead of `port`: port of the listener `api`; 8081 when only `portal_port` is named.",
    ),
  allowed_hosts: allowedHosts()
    .optional()
    .describe(
      "Hosts that requests may name, such as api.example.com or *.example.com; others get 421, but for `/livez` and `/readyz`. Any host when absent.",
    ),
  timeout: duration("24h")
    .prefault("30s")
    .describe(
      "Time limit of a call; of a stream, until its first message. A shorter deadline of the caller stays in force.",
    ),
  max_request_size: size("2GB")
    .prefault("10MB")
    .describe("Largest request body, other than an upload, and largest message of a stream."),
  max_request_sizes: z
    .array(
      z.strictObject({
        match: text("a path that begins with `/`", /^\/\S*$/).describe(
          "Procedure or path prefix, such as `/v1/embeddings` or `/polygate.v1.ChatService/`. A procedure's holds for its paths, too.",
        ),
        size: size("2GB").describe("Largest body; of a stream: of all of it."),
      }),
    )
    .max(1_000)
    .prefault([])
    .describe("Lower limits for some routes, uploads included; the least of those that match."),
  max_file_size: size("2GB")
    .optional()
    .describe(
      "Largest upload: a form with files, or a file that is the body; `max_request_size` when absent.",
    ),
  max_request_elements: wholeNumber(1000, 100_000_000)
    .prefault(100_000)
    .describe(
      "Fields, items and entries that a request message may have in total; 28 numbers of a packed list count as one.",
    ),
  buffer_limit: size("1024GB")
    .optional()
    .describe(
      "Bytes of requests and responses that the process holds at one time; a tenth of V8's heap limit, at most 1 GiB, when absent.",
    ),
  health_check_timeout: duration("10m")
    .prefault("2s")
    .describe("Time for one health check of a core."),
  drain_delay: durationOrNone("10m")
    .prefault("0s")
    .describe(
      "How long calls are still taken after SIGTERM, while `/readyz` is 503: time for a load balancer to see it.",
    ),
  drain_timeout: duration("1h")
    .prefault("8s")
    .describe(
      "How long calls may go on after SIGTERM and `drain_delay`; then they end with an error that says why, within a second. The default ends before Docker's 10 s do.",
    ),
  connections_max: wholeNumber(1, 1_000_000)
    .prefault(10_000)
    .describe("Connections that each listener holds at one time; further ones are closed at once."),
  connections_per_address: wholeNumber(1, 1_000_000)
    .optional()
    .describe(
      "Most connections of one address while less than an eighth of `connections_max` is free; a quarter of it when absent.",
    ),
  max_connection_age: duration("24h")
    .optional()
    .describe(
      "Age at which a connection is asked to end, and its client connects anew, perhaps to another gateway; each up to a tenth more or less. WebSockets stay. As old as it is used when absent.",
    ),
  max_connection_age_grace: duration("24h")
    .optional()
    .describe("How long its calls may go on after that; as long as they take when absent."),
  http1_engine: engine()
    .default("polygate")
    .describe(
      "What speaks HTTP/1.1: the engine that comes with Polygate, or Node's own module, which counts no responses for `buffer_limit`, enforces no minimum rate on slow senders and readers, and refuses HTTP/1.2.",
    ),
  http2_engine: engine()
    .default("polygate")
    .describe(
      "What speaks HTTP/2: the engine that comes with Polygate, or Node's own module, which counts no responses for `buffer_limit`, enforces no minimum rate on slow senders and readers, bounds fewer floods of legal frames, and resets malformed requests without a word.",
    ),
});

type FileGateway = z.output<typeof gateway>;

/** Environment names of the section. */
export const gatewayRows: readonly EnvironmentRow[] = [
  { name: "GATEWAY_HOST", path: ["gateway", "host"] },
  { name: "GATEWAY_PORT", path: ["gateway", "port"] },
  { name: "PORTAL_PORT", path: ["gateway", "portal_port"] },
  { name: "API_PORT", path: ["gateway", "api_port"] },
  { name: "MAX_FILE_SIZE", path: ["gateway", "max_file_size"] },
  { name: "HEALTH_CHECK_TIMEOUT", path: ["gateway", "health_check_timeout"] },
  { name: "HTTP1_ENGINE", path: ["gateway", "http1_engine"], value: (text) => text.toLowerCase() },
  { name: "HTTP2_ENGINE", path: ["gateway", "http2_engine"], value: (text) => text.toLowerCase() },
];

/** Flags of the section. */
export const gatewayFlags: readonly SettingFlagRow[] = [
  {
    name: "host",
    value: "address",
    path: ["gateway", "host"],
    environment: "GATEWAY_HOST",
    description: "address to listen on",
  },
  {
    name: "port",
    value: "port",
    path: ["gateway", "port"],
    environment: "GATEWAY_PORT",
    fallback: "8080",
    description: "port to listen on; 0 lets the system choose",
  },
  {
    name: "ports",
    value: "port",
    many: true,
    path: ["gateway", "ports"],
    description: "several ports, such as 8080,8081",
  },
  {
    name: "portal-port",
    value: "port",
    path: ["gateway", "portal_port"],
    environment: "PORTAL_PORT",
    fallback: "8080 with --api-port",
    description: "port of the listener `portal`",
  },
  {
    name: "api-port",
    value: "port",
    path: ["gateway", "api_port"],
    environment: "API_PORT",
    fallback: "8081 with --portal-port",
    description: "port of the listener `api`",
  },
];

/** Buffers are outside V8's heap, but the heap limit shows how much memory the process may have. */
const heapShare = 1 / 10;
const bufferBytesMaxDefault = 1024 ** 3;

/** Bytes that buffers may take: the setting, else a share of the heap. */
export function bufferBytesMaxFrom(
  { buffer_limit: limit, max_request_size: requestBytesMax, max_file_size }: FileGateway,
  { heapBytesMax }: CompileContext,
  report: Report,
): number {
  const derived = Math.min(Math.floor(heapBytesMax * heapShare), bufferBytesMaxDefault);
  // A compressed message and its decompressed form are held at the same time.
  const needed = 2 * Math.max(requestBytesMax, max_file_size ?? 0);
  if (limit !== undefined && limit < needed) {
    const largest = needed > 2 * requestBytesMax ? "max_file_size" : "max_request_size";
    report(["gateway", "buffer_limit"], `is less than twice \`${largest}\``, "raise it");
  }
  return limit ?? Math.max(derived, needed);
}
