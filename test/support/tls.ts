/** The test certificates, as paths and as text. */

import { readFileSync } from "node:fs";

/** Path of one of the test certificates or keys. */
export function fixture(name: string): string {
  return new URL(`../fixtures/tls/${name}`, import.meta.url).pathname;
}

/** Options of a TLS listener. */
export const serverTls = {
  certFile: fixture("server.crt"),
  keyFile: fixture("server.key"),
  caFile: fixture("ca.crt"),
} as const;

/** What a client needs to trust the server and to identify itself. */
export const clientTls = {
  ca: readFileSync(fixture("ca.crt")),
  cert: readFileSync(fixture("client.crt")),
  key: readFileSync(fixture("client.key")),
} as const;
