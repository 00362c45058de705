/** 9: certificate and authority of a listener are replaced while it serves. */

import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { freePort } from "../../support/free-port.ts";
import { missingProgram } from "../../support/needs.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { type ChaosGateway, startGateway } from "../gateway.ts";
import { type Scenario, Skipped } from "../scenario.ts";
import { Tally } from "../tally.ts";

const shownWithinMs = 1_000;
const patienceMs = 10_000;
const pollMs = 20;
const callEveryMs = 10;

/** A certificate of its own authority, and its key, as PEM. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

function makePair(folder: string, serial: number): Pair {
  const [cert, key] = [join(folder, "made.crt"), join(folder, "made.key")];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-set_serial", String(serial), "-out", cert, "-keyout", key],
    ],
    { stdio: "ignore" },
  );
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

/** Serial number of the certificate that a listener shows to a new connection. */
async function shown(port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
    resolve(Number.parseInt(socket.getPeerCertificate().serialNumber, 16));
    socket.destroy();
  });
  socket.on("error", reject);
  return await promise;
}

/** Calls over one connection that is kept, and over new ones, until it is ended. */
function calls(port: number) {
  const stop = new AbortController();
  const tally = new Tally();
  const options = { rejectUnauthorized: false, servername: "localhost" };
  const ask = async (session: ReturnType<typeof connectHttp2>) => {
    const startMs = performance.now();
    const stream = session.request({ ":path": "/livez" });
    const done = Promise.withResolvers<void>();
    stream.resume().once("close", done.resolve);
    stream.once("error", (error) => tally.fail(error.message));
    await done.promise;
    if (stream.sentHeaders && stream.rstCode === 0) tally.ok(performance.now() - startMs);
  };
  const open = () =>
    connectHttp2(`https://127.0.0.1:${port}`, options).on("error", (error) => {
      tally.fail(error.message);
    });
  const running = (async () => {
    const kept = open();
    while (!stop.signal.aborted) {
      const fresh = open();
      await Promise.all([ask(kept), ask(fresh)]);
      fresh.close();
      await sleep(callEveryMs);
    }
    kept.close();
  })();
  return {
    tally,
    async end() {
      stop.abort();
      await running;
    },
  };
}

/** See docs/design/chaos.md. */
export const certificates: Scenario = {
  number: "9",
  name: "certificate replaced ten times, once by garbage",
  passesWhen:
    "0 failed; a new one shown within 1 s; after garbage the old one stays, told by metric",
  async run(context) {
    const missing = missingProgram("openssl");
    if (missing !== undefined) throw new Skipped(missing);
    await using folder = await temporaryFolder();
    const [certFile, keyFile] = [join(folder.path, "tls.crt"), join(folder.path, "tls.key")];
    const put = ({ cert, key }: Pair) => {
      for (const [path, text] of [
        [keyFile, key],
        [certFile, cert],
      ] as const) {
        writeFileSync(`${path}.new`, text);
        renameSync(`${path}.new`, path);
      }
    };
    put(makePair(folder.path, 1));
    await using gateway: ChaosGateway = await startGateway(context, {
      config: {},
      folder: folder.path,
      tls: { cert_file: certFile, key_file: keyFile },
      probePort: await freePort(),
    });
    if (!(await gateway.declares("tls_certificate_not_after_seconds"))) {
      throw new Skipped("not built yet: certificates that are read again");
    }
    const load = calls(gateway.port);
    context.tell("load: calls on a connection that is kept, and on new ones, one after the other");
    let longestMs = 0;
    const rounds = context.isShort ? 3 : 10;
    for (let serial = 2; serial < rounds + 2; serial += 1) {
      put(makePair(folder.path, serial));
      gateway.signal("SIGHUP");
      const changedMs = performance.now();
      while ((await shown(gateway.port)) !== serial) {
        if (performance.now() - changedMs > patienceMs) break;
        await sleep(pollMs);
      }
      longestMs = Math.max(longestMs, performance.now() - changedMs);
    }
    context.timed(
      "a new one is shown after",
      `${Math.round(longestMs)} ms`,
      longestMs < shownWithinMs,
    );
    const failures = async () => {
      const all = (await gateway.metric("tls_certificate_reload_total")) ?? 0;
      return all - ((await gateway.metric("tls_certificate_reload_total", 'result="ok"')) ?? 0);
    };
    const failedBefore = await failures();
    put({ cert: "garbage", key: "garbage" });
    gateway.signal("SIGHUP");
    context.tell("garbage takes the place of certificate and key");
    const garbageMs = performance.now();
    while ((await failures()) === failedBefore && performance.now() - garbageMs < patienceMs) {
      await sleep(pollMs);
    }
    const failed = (await failures()) - failedBefore;
    context.claim("reloads that failed, by metric", failed, failed > 0);
    const still = await shown(gateway.port);
    context.claim("the certificate that is shown", still, still === rounds + 1);
    await load.end();
    context.claim("calls", load.tally.text(), load.tally.failed === 0 && load.tally.count > 0);
  },
};
