/** Which requests are the portal's own pages' and no other page's: what keeps others from using its cookie. Pure. */

import { fault } from "#errors/fault.ts";
import type { Exchange } from "#exchange/exchange.ts";

/** The header that the portal's scripts send: no form can, and no script of another origin without being asked about. */
const portalHeader = "x-polygate-portal";

/**
 * Name of the cookie of a session. Over HTTPS browsers take one of this name from HTTPS alone: a page of the same
 * host without TLS can put nobody else's session there. (`__Host-` would want a path, which only the browser knows.)
 */
export function sessionCookie(isSecure: boolean): string {
  return isSecure ? "__Secure-pg_session" : "pg_session";
}

/** Host and port of an origin; undefined for `null` and what is none. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Why a request is not one of the portal's own; undefined where it is. */
function foreignness(
  { method, header }: Pick<Exchange, "method" | "header">,
  host: string,
): string | undefined {
  if (header(portalHeader) === undefined) return `${portalHeader} is missing`;
  // Browsers tell it where they take the connection for secure, and no script can say otherwise.
  const site = header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" ? undefined : `the request is ${site}`;
  const origin = header("origin");
  if (origin !== undefined) {
    return hostOf(origin) === host.toLowerCase() ? undefined : "its origin is another host";
  }
  const isRead = method === "GET" || method === "HEAD";
  return isRead ? undefined : "it names no origin";
}

/**
 * Throws ORIGIN_REFUSED for a request that a page of another site, or of another port of this host, may
 * have made: cookies know no ports. `host` is what the client asked for, with its port.
 */
export function requireOwnRequest(
  request: Pick<Exchange, "method"> & { header(name: string): string | undefined },
  host: string,
): void {
  const why = foreignness(request, host);
  if (why === undefined) return;
  throw fault("ORIGIN_REFUSED", `only the portal's own pages may ask this: ${why}`);
}

/** The value of the session's cookie; undefined without one. */
export function sessionText(cookies: string | undefined, isSecure: boolean): string | undefined {
  if (cookies === undefined) return undefined;
  const name = sessionCookie(isSecure);
  for (const pair of cookies.split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
