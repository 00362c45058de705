/** Carries metadata between calls and HTTP header fields. */

import type { Exchange, HeaderList } from "#exchange/exchange.ts";

/** Fields that belong to one connection or to the body that came with them. */
const notMetadata = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "server",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function isMetadata(name: string): boolean {
  return !notMetadata.has(name) && !name.startsWith("grpc-") && !name.startsWith(":");
}

/** Response metadata as header fields; what belongs to another message or connection is left out. */
export function metadataHeaders(metadata: Headers, prefix = ""): HeaderList {
  const headers: [string, string][] = [];
  metadata.forEach((value, name) => {
    if (isMetadata(name)) headers.push([prefix + name, value]);
  });
  return headers;
}

/** The request's header fields as metadata of the call. */
export function requestMetadata(exchange: Pick<Exchange, "headers">): Headers {
  const metadata = new Headers();
  for (const [name, value] of exchange.headers()) metadata.append(name, value);
  return metadata;
}
