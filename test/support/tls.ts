/** The test certificates, as paths and as text. */

import { readFileSync } from "node:fs";

const at = (name: string) => new URL(`../fixtures/tls/${name}`, import.meta.url).pathname;

/** Options of a TLS listener. */
export const serverTls = {
  certFile: at("server.crt"),
  keyFile: at("server.key"),
  caFile: at("ca.crt"),
} as const;

/** What a client needs to trust the server and to identify itself. */
export const clientTls = {
  ca: readFileSync(at("ca.crt")),
  cert: readFileSync(at("client.crt")),
  key: readFileSync(at("client.key")),
} as const;
