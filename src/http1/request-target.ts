/** What an HTTP/1.1 request is about: path and query, and the authority that its target may name. Pure. */

/** A target as handlers read it. */
export interface RequestTarget {
  /** Path and query as sent, or `*`. */
  readonly target: string;
  /** Host and port of a target in absolute form; they count in place of Host. */
  readonly authority?: string;
}

const absoluteForm = /^https?:\/\/([^/?#]*)(.*)$/is;
/** A host, perhaps an IPv6 address, and a port: no user, no list, nothing that ends an authority. */
const authorityPattern = /^(?:[\w!$%&'()*+;=.~-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** Takes the absolute form, which proxies are sent, for the path in it (RFC 9112, 3.2.2). */
export function requestTargetOf(sent: string): RequestTarget {
  if (sent.startsWith("/")) return { target: sent };
  const [, authority, rest = ""] = absoluteForm.exec(sent) ?? [];
  if (authority === undefined) return { target: sent };
  return { target: rest.startsWith("/") ? rest : `/${rest}`, authority };
}

/** Whether `text` is the host, and perhaps the port, of something. */
export function isAuthority(text: string): boolean {
  return authorityPattern.test(text);
}
