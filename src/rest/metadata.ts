/** Carries metadata of answers in HTTP header fields. */

import type { HeaderList } from "#exchange/exchange.ts";
import { Metadata } from "#rpc/metadata.ts";

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

const none: HeaderList = [];

/** Response metadata as header fields; what belongs to another message or connection is left out. */
export function metadataHeaders(metadata: Headers, prefix = ""): HeaderList {
  if (metadata instanceof Metadata && metadata.isEmpty) return none;
  const headers: [string, string][] = [];
  metadata.forEach((value, name) => {
    if (isMetadata(name)) headers.push([prefix + name, value]);
  });
  return headers;
}
