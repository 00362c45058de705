/** Cross-origin responses for browsers, the same on every surface. */

import { cors as connectCors } from "@connectrpc/connect";
import type { Exchange } from "./exchange.ts";
import { exposedHeaders } from "./response-headers.ts";
import type { Upgrade } from "./upgrade.ts";

/** Who may call from a browser. */
export interface CorsOptions {
  /** Origins such as https://app.example.com; `*` means any. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  /** Browsers may send cookies and client certificates. */
  readonly credentials: boolean;
}

/** Time that browsers remember a response to a preflight: Chromium's own maximum. */
const maxAgeSeconds = 7200;

const exposed = exposedHeaders.join(", ");

/**
 * Request headers that scripts may send besides those that `cors.headers` names: what the RPC
 * protocols, REST and pages read, credentials included, and what traces and event sources send.
 */
const allowedHeaders: readonly string[] = [
  ...connectCors.allowedHeaders.map((name) => name.toLowerCase()),
  "grpc-encoding",
  "grpc-accept-encoding",
  "authorization",
  "x-api-key",
  "x-polygate-key",
  "x-request-id",
  "x-server-timeout",
  "inference-header-content-length",
  "if-none-match",
  "if-range",
  "range",
  "last-event-id",
  "traceparent",
  "tracestate",
  "baggage",
];

/** The gateway's own request headers: CORS knows no prefixes, so those that are asked for are named. */
const ownHeader = /^x-polygate-[a-z0-9-]+$/;

/** The own headers in an Access-Control-Request-Headers field. */
function ownHeadersOf(requested: string | undefined): readonly string[] {
  if (requested === undefined) return [];
  return requested
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => ownHeader.test(name));
}

/**
 * Whether a page may open a WebSocket: browsers ask no one before they do, and show its messages
 * to any page. Those of `host` may, those that the options name, and whoever is no browser.
 */
export function mayUpgrade(
  upgrade: Pick<Upgrade, "header">,
  { host, cors: options }: { readonly host: string; readonly cors: CorsOptions | undefined },
): boolean {
  const origin = upgrade.header("origin");
  if (origin === undefined || options?.origins.includes("*")) return true;
  if (options?.origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** Adds the response's cross-origin fields; answers a preflight itself and then returns true. */
export function applyCors(exchange: Exchange, options: CorsOptions): boolean {
  const origin = exchange.header("origin");
  const any = options.origins.includes("*");
  // Also without an origin: a cache may not give this response to a page that asks with one.
  exchange.setHeader("vary", "origin");
  if (origin === undefined) return false;
  if (!any && !options.origins.includes(origin)) return false;
  exchange.setHeader("access-control-allow-origin", any && !options.credentials ? "*" : origin);
  if (options.credentials) exchange.setHeader("access-control-allow-credentials", "true");

  if (exchange.method !== "OPTIONS" || !exchange.header("access-control-request-method")) {
    exchange.setHeader("access-control-expose-headers", exposed);
    return false;
  }
  // A preflight shows nothing that a browser could expose.
  exchange.sharedFields = undefined;
  const methods = new Set([...options.methods, ...connectCors.allowedMethods]);
  const headers = new Set([
    ...options.headers.map((name) => name.toLowerCase()),
    ...allowedHeaders,
    ...ownHeadersOf(exchange.header("access-control-request-headers")),
  ]);
  exchange.respond(204, [
    ["vary", "access-control-request-headers"],
    ["access-control-allow-methods", [...methods].join(", ")],
    ["access-control-allow-headers", [...headers].join(", ")],
    ["access-control-max-age", String(maxAgeSeconds)],
  ]);
  return true;
}
