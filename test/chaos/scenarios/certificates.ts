/** 9: certificate, key and client authority of a listener are replaced while it serves. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectHttp2, type SecureClientSessionOptions } from "node:http2";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { freePort } from "../../support/free-port.ts";
import { ownTime } from "../../support/process-figures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { fixture } from "../../support/tls.ts";
import { startGateway } from "../gateway.ts";
import { mountedFolder } from "../mounted-folder.ts";
import type { Scenario } from "../scenario.ts";
import { Tally } from "../tally.ts";

const shownWithinMs = 1_000;
const patienceMs = 10_000;
const pollMs = 10;
const callEveryMs = 10;
const names = ["server.crt", "server.key", "ca.crt"] as const;

/** What one authority has signed: files of the listener, and what a client shows and trusts. */
function signedBy(folder: "" | "next/") {
  const textOf = (name: string) => readFileSync(fixture(`${folder}${name}`), "utf8");
  return {
    files: Object.fromEntries(names.map((name) => [name, textOf(name)])),
    client: { cert: textOf("client.crt"), key: textOf("client.key"), ca: textOf("ca.crt") },
    issuer: folder === "" ? "Polygate test CA" : "Polygate next test CA",
  };
}

const sets = [signedBy(""), signedBy("next/")] as const;
const authorities = sets.map(({ client }) => client.ca);

/** Who signed what a new connection is shown, or why a client with this certificate is turned away. */
async function shownTo(port: number, { client }: (typeof sets)[number]): Promise<string> {
  const socket = connect({ ...client, ca: authorities, host: "localhost", port });
  try {
    await once(socket, "secureConnect");
    // A client certificate is refused after the handshake that shows the server's.
    socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const [said] = await Promise.race([once(socket, "data"), once(socket, "close")]);
    return Buffer.isBuffer(said) ? String(socket.getPeerCertificate().issuer.CN) : "closed";
  } catch (thrown) {
    return String((thrown as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

/** What clients show, and how often that has changed: while it is odd, the listener is changing. */
interface Shown {
  set: (typeof sets)[number];
  changes: number;
}

/** Calls over one connection that is kept, and over new ones, until it is ended. */
function calls(port: number, now: Readonly<Shown>) {
  const stop = new AbortController();
  const [kept, fresh] = [new Tally(), new Tally()];
  const open = (tally: Tally) => {
    const options: SecureClientSessionOptions = { ...now.set.client, ca: authorities };
    return connectHttp2(`https://localhost:${port}`, options).on("error", (error) => {
      tally.fail(error.message);
    });
  };
  const ask = async (session: ReturnType<typeof open>, tally: Tally) => {
    const startMs = performance.now();
    const stream = session.request({ ":path": "/livez" });
    const done = Promise.withResolvers<void>();
    stream.resume().once("close", done.resolve);
    let failure: string | undefined;
    stream.once("error", (error) => {
      failure = error.message;
    });
    await done.promise;
    if (failure === undefined) tally.ok(performance.now() - startMs);
    else tally.fail(failure);
  };
  const over = async (call: () => Promise<void>) => {
    while (!stop.signal.aborted) {
      await call();
      await sleep(callEveryMs);
    }
  };
  const session = open(kept);
  const running = Promise.all([
    over(() => ask(session, kept)),
    over(async () => {
      // Who is on the way while authorities change may be judged by either.
      const before = now.changes;
      const tally = new Tally();
      const one = open(tally);
      await ask(one, tally);
      one.close();
      if (tally.failed === 0) fresh.ok(tally.longestMs);
      else if (before === now.changes && before % 2 === 0) fresh.fail(tally.text());
    }),
  ]);
  return {
    kept,
    fresh,
    async end() {
      stop.abort();
      await running;
      session.close();
    },
  };
}

/** See docs/design/chaos.md. */
export const certificates: Scenario = {
  number: "9",
  name: "certificate and client authority replaced ten times, as the kubelet does; once by garbage",
  passesWhen:
    "0 failed; a new one shown within 1 s; after garbage the old one stays, told by metric",
  isTimed: true,
  async run(context) {
    await using folder = await temporaryFolder();
    const mounted = mountedFolder(join(folder.path, "tls"));
    mounted.put(sets[0].files);
    const path = (name: string) => join(mounted.path, name);
    await using gateway = await startGateway(context, {
      config: {},
      folder: folder.path,
      tls: {
        cert_file: path("server.crt"),
        key_file: path("server.key"),
        ca_file: path("ca.crt"),
        client_auth: "require",
      },
      probePort: await freePort(),
    });
    const now: Shown = { set: sets[0], changes: 0 };
    const load = calls(gateway.port, now);
    context.tell(
      "load: calls on a connection that is kept, and on new ones, by client certificate",
    );
    let longestMs = 0;
    const rounds = context.isShort ? 3 : 10;
    for (let round = 1; round <= rounds; round += 1) {
      const [next, last] = round % 2 === 1 ? [sets[1], sets[0]] : sets;
      now.changes += 1;
      mounted.put(next.files);
      const changedMs = performance.now();
      const passedMs = ownTime([gateway]);
      while ((await shownTo(gateway.port, next)) !== next.issuer) {
        if (performance.now() - changedMs > patienceMs) break;
        await sleep(pollMs);
      }
      longestMs = Math.max(longestMs, passedMs());
      now.set = next;
      now.changes += 1;
      const turned = await shownTo(gateway.port, last);
      const isTurned = turned !== next.issuer;
      context.claim(`a client of the authority before, ${round}`, turned, isTurned);
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
    mounted.put({ ...now.set.files, "server.crt": "garbage", "server.key": "garbage" });
    context.tell("garbage takes the place of certificate and key");
    const garbageMs = performance.now();
    while ((await failures()) === failedBefore && performance.now() - garbageMs < patienceMs) {
      await sleep(pollMs);
    }
    const failed = (await failures()) - failedBefore;
    context.claim("reloads that failed, by metric", failed, failed > 0);
    const still = await shownTo(gateway.port, now.set);
    context.claim("the certificate that is shown", still, still === now.set.issuer);
    await load.end();
    const { kept, fresh } = load;
    context.claim("calls, kept connection", kept.text(), kept.failed === 0 && kept.count > 0);
    context.claim("calls, new connections", fresh.text(), fresh.failed === 0 && fresh.count > 0);
  },
};
