/** Cross-origin answers for browsers, the same on every surface. */

import { cors as connectCors } from "@connectrpc/connect";
import type { Exchange } from "./exchange.ts";
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

/** Time that browsers remember a preflight answer: Chromium's own maximum. */
const maxAgeSeconds = 7200;

/** Fields of an answer that scripts may read beside Connect's own. */
const exposedHeaders = ["x-request-id", "retry-after", "ratelimit-limit", "ratelimit-remaining"];

/**
 * Whether a page may open a WebSocket: browsers ask nobody before they do, and show its messages
 * to any page. Those of this host may, those that `options` name, and whoever is no browser.
 */
export function mayUpgrade(
  upgrade: Pick<Upgrade, "header" | "authority">,
  options: CorsOptions | undefined,
): boolean {
  const origin = upgrade.header("origin");
  if (origin === undefined || options?.origins.includes("*")) return true;
  if (options?.origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === upgrade.authority.toLowerCase();
}

/** Adds the answer's cross-origin fields; answers a preflight itself and then returns true. */
export function applyCors(exchange: Exchange, options: CorsOptions): boolean {
  const origin = exchange.header("origin");
  const any = options.origins.includes("*");
  // Also without an origin: a cache may not give this answer to a page that asks with one.
  exchange.setHeader("vary", "origin");
  if (origin === undefined) return false;
  if (!any && !options.origins.includes(origin)) return false;
  exchange.setHeader("access-control-allow-origin", any && !options.credentials ? "*" : origin);
  if (options.credentials) exchange.setHeader("access-control-allow-credentials", "true");

  if (exchange.method !== "OPTIONS" || !exchange.header("access-control-request-method")) {
    const exposed = [...exposedHeaders, ...connectCors.exposedHeaders];
    exchange.setHeader("access-control-expose-headers", exposed.join(", "));
    return false;
  }
  const methods = new Set([...options.methods, ...connectCors.allowedMethods]);
  const headers = new Set([...options.headers, ...connectCors.allowedHeaders, "X-API-Key"]);
  exchange.respond(204, [
    ["access-control-allow-methods", [...methods].join(", ")],
    ["access-control-allow-headers", [...headers].join(", ")],
    ["access-control-max-age", String(maxAgeSeconds)],
  ]);
  return true;
}
