/** The servers that other languages' clients are run against. */

import { resolve } from "node:path";
import { fromSource, startProcess } from "../support/polygate-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Where the clients call. */
export interface Targets extends AsyncDisposable {
  /** host:port, cleartext: the embedded core and the models that ship. */
  readonly plain: string;
  /** The same gateway by TLS; `caFile` signed its certificate. */
  readonly tls: string;
  /** A gateway whose core waits before each token. */
  readonly slow: string;
}

/** Authority that signed the certificate of `tls`. */
export const caFile = resolve("test/fixtures/tls/ca.crt");
/** Largest request in bytes that `plain` and `tls` take. */
export const requestBytesMax = 1024 * 1024;

/** Starts all of them. */
export async function startTargets(): Promise<Targets> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  const certificate = `cert_file: ${resolve("test/fixtures/tls/server.crt")}, key_file: ${resolve("test/fixtures/tls/server.key")}`;
  const config = await folder.write(
    "gateway.yaml",
    `gateway: { max_request_size: ${requestBytesMax} }
listeners:
  - { name: plain, host: 127.0.0.1, port: 0 }
  - { name: tls, host: 127.0.0.1, port: 0, tls: { ${certificate} } }
`,
  );
  const slowCore = fromSource(
    "core",
    "--port",
    "0",
    "--latency-ms",
    "400",
    "--token-interval-ms",
    "100",
  );
  const core = opening.use(await startProcess({ command: slowCore }));
  const gateway = opening.use(
    await startProcess({ command: fromSource("serve", "--config", config) }),
  );
  const slow = opening.use(
    await startProcess({
      command: fromSource("serve", "--host", "127.0.0.1", "--port", "0"),
      env: { ...process.env, TWIN_URL: core.urls[0] },
    }),
  );
  const owned = opening.move();
  const [plain = "", tls = ""] = gateway.urls.map(authorityOf);
  return {
    plain,
    tls,
    slow: slow.urls.map(authorityOf)[0] ?? "",
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function authorityOf(url: string): string {
  return `localhost:${new URL(url).port}`;
}
