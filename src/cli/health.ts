/** `polygate health`: asks the gateway with these settings whether it is ready. */

import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { ListenerSettings } from "#config/settings.ts";
import { settingsFrom, toldHelp } from "./command-settings.ts";
import type { Terminal } from "./terminal.ts";

const answerTimeoutMs = 2_000;

/** Takes the flags of `serve`. Returns the exit code: 0 when the gateway on this machine is ready. */
export async function health(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (toldHelp(argv, terminal)) return 0;
  const settings = settingsFrom(argv, terminal);
  if (settings === undefined) return 1;
  const listener = settings.listeners.find(isAskable);
  if (listener === undefined) {
    terminal.err("no listener can be asked: each has port 0 or requires a client certificate");
    return 1;
  }
  try {
    const status = await readiness(listener);
    terminal.out(status === 200 ? "ready" : `not ready (${status})`);
    return status === 200 ? 0 : 1;
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? error.code : "no response";
    terminal.err(`listener ${listener.name}: does not respond (${reason})`);
    return 1;
  }
}

function isAskable({ port, tls }: ListenerSettings): boolean {
  return port !== 0 && tls?.clientAuth !== "require";
}

/** The address of a listener, as seen from its own machine. */
function addressOf(host: string): string {
  return { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
}

/** The status of /readyz. Rejects when there is no response. */
async function readiness({ host, port, tls }: ListenerSettings): Promise<number | undefined> {
  const options = {
    host: addressOf(host),
    port,
    path: "/readyz",
    agent: false,
    signal: AbortSignal.timeout(answerTimeoutMs),
  };
  // The certificate is for the names that callers use, and 127.0.0.1 is usually not one of them.
  const request =
    tls === undefined
      ? httpRequest(options)
      : httpsRequest({ ...options, rejectUnauthorized: false });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.destroy();
  return response.statusCode;
}
