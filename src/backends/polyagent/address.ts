/** Where a core listens, read from the forms that people write. Pure. */

/** A core's address. */
export interface CoreAddress {
  /** Named host and port; an IPv6 host is in brackets. */
  readonly authority: string;
  /** Where to connect to, as sockets take it: without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether the connection is encrypted. */
  readonly tls: boolean;
}

const portByScheme: Readonly<Record<string, string>> = { http: "80", https: "443" };

/**
 * Reads `http://h:p`, `https://h:p`, `grpc://h:p`, `grpcs://h:p` and `h:p`; the port may be absent
 * after http (80) and https (443). Undefined for anything else: other schemes, a path, credentials.
 */
export function parseCoreAddress(url: string): CoreAddress | undefined {
  const { scheme = "grpc", authority = "" } =
    /^(?:(?<scheme>https?|grpcs?):\/\/)?(?<authority>[^/?#@\s]+)\/?$/i.exec(url)?.groups ?? {};
  const name = scheme.toLowerCase();
  const tls = name === "https" || name === "grpcs";
  // A scheme that is not special has no default port for URL to swallow.
  const parsed = authority === "" ? null : URL.parse(`core://${authority}`);
  const port = parsed?.port || portByScheme[name];
  if (parsed === null || parsed.hostname === "" || port === undefined) return undefined;
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  return { authority: `${parsed.hostname}:${port}`, host, port: Number(port), tls };
}
