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

/** Why a request may be another page's, by what browsers say of it; undefined where it is the portal's own. */
function siteForeignness(
  header: Pick<Exchange, "header">["header"],
  { host, isRead }: { readonly host: string; readonly isRead: boolean },
): string | undefined {
  // Browsers tell it where they take the connection for secure, and no script can say otherwise.
  const site = header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" ? undefined : `the request is ${site}`;
  const origin = header("origin");
  if (origin !== undefined) {
    return hostOf(origin) === host.toLowerCase() ? undefined : "its origin is another host";
  }
  return isRead ? undefined : "it names no origin";
}

function refuse(why: string | undefined): void {
  if (why === undefined) return;
  throw fault("ORIGIN_REFUSED", `only the portal's own pages may ask this: ${why}`);
}

/**
 * Throws ORIGIN_REFUSED for a request that a page of another site, or of another port of this host, may
 * have made: cookies know no ports. `host` is what the client asked for, with its port.
 */
export function requireOwnRequest(
  request: Pick<Exchange, "method"> & { header(name: string): string | undefined },
  host: string,
): void {
  const { method } = request;
  const header = (name: string) => request.header(name);
  if (header(portalHeader) === undefined) refuse(`${portalHeader} is missing`);
  refuse(siteForeignness(header, { host, isRead: method === "GET" || method === "HEAD" }));
}

/** The same for a WebSocket, whose handshake no page can add a field to, and which is more than a read. */
export function requireOwnSocket(request: Pick<Exchange, "header">, host: string): void {
  refuse(siteForeignness((name) => request.header(name), { host, isRead: false }));
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
