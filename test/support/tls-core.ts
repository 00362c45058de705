/** A core that speaks TLS, asks for client certificates, and may come to show another certificate of its own. */

import { readFileSync } from "node:fs";
import type { Http2SecureServer } from "node:http2";
import type { TLSSocket } from "node:tls";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { type CoreServer, startCoreServer } from "./core-server.ts";
import { fixture } from "./tls.ts";

/** The core. */
export interface TlsCore extends CoreServer {
  /** Who has issued the certificates that clients showed, one for each connection. */
  readonly issuers: readonly string[];
  /** Shows the certificate of that folder of fixtures from the next connection on. */
  show(set: string): void;
}

/** Starts it; it takes the certificates of these authorities. */
export async function startTlsCore(ca: readonly Buffer[]): Promise<TlsCore> {
  const issuers: string[] = [];
  const shown = (set: string) => ({
    cert: readFileSync(fixture(`${set}server.crt`)),
    key: readFileSync(fixture(`${set}server.key`)),
    ca: [...ca],
  });
  let server: Http2SecureServer | undefined;
  const core = await startCoreServer(
    createAgent(plainAgent, { clock: systemClock, rng: systemRng }),
    0,
    { ...shown(""), requestCert: true, rejectUnauthorized: true },
    (opened) => {
      server = opened as Http2SecureServer;
      server.on("secureConnection", (socket: TLSSocket) => {
        issuers.push(String(socket.getPeerCertificate().issuer.CN));
      });
    },
  );
  return Object.assign(core, {
    issuers,
    show: (set: string) => server?.setSecureContext(shown(set)),
  });
}
