/** 13: the wall clock steps by an hour, back and forth. */

import { createHmac } from "node:crypto";
import { globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { startCore } from "../cores.ts";
import { type ChaosGateway, startGateway } from "../gateway.ts";
import { Load } from "../load.ts";
import { type Scenario, Skipped } from "../scenario.ts";

const library = globSync("/usr/lib/*/faketime/libfaketime.so.1")[0];
const secret = "a-secret-of-thirty-two-characters-or-more";
const timeoutMs = 1_000;
const patienceMs = 30_000;
const chat = "/polygate.v1.ChatService/Chat";
const coded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token that is good for so many seconds by the true time. */
function tokenFor(seconds: number, name: string): string {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const claims = { sub: name, iat: nowSeconds, exp: nowSeconds + seconds };
  const text = `${coded({ alg: "HS256", typ: "JWT" })}.${coded(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

async function ask({ url }: ChaosGateway, path: string, token: string, body?: { message: string }) {
  const startMs = performance.now();
  const response = await fetch(url + path, {
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "connect-protocol-version": "1",
      "connect-timeout-ms": String(body?.message === "silence" ? timeoutMs : patienceMs),
    },
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
  const said = await response.text();
  return { status: response.status, ms: performance.now() - startMs, said: said.slice(0, 200) };
}

/** See docs/design/chaos.md. */
export const clockSteps: Scenario = {
  number: "13",
  name: "the wall clock steps by an hour, forth and back",
  passesWhen: "limits, deadlines, breakers unmoved; signed tokens follow the wall",
  isTimed: true,
  async run(context) {
    if (library === undefined) throw new Skipped("faketime is not installed");
    await using folder = await temporaryFolder();
    const step = join(folder.path, "step");
    const turn = (offset: string) => {
      writeFileSync(step, `${offset}\n`);
      context.tell(`the wall clock is ${offset === "+0" ? "true" : `off by ${offset} s`}`);
    };
    writeFileSync(step, "+0\n");
    await using core = await startCore();
    const config = {
      cores: [{ url: core.url }],
      auth: { enabled: true, jwt: { secret } },
      rate_limiting: {
        requests_per_minute: 100_000,
        burst: 100_000,
        routes: [{ match: "/models", requests_per_minute: 1, burst: 3 }],
      },
    };
    await using gateway = await startGateway(context, {
      config,
      env: {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: step,
        FAKETIME_NO_CACHE: "1",
        DONT_FAKE_MONOTONIC: "1",
      },
    });
    const token = tokenFor(10 * 86_400, "load");
    const brief = tokenFor(600, "brief");
    const headers = { authorization: `Bearer ${token}` };
    await using load = new Load(context, { gateways: [gateway], headers, unaryPerSecond: 100 });
    context.tell(load.text());
    await sleep(500);
    load.next();
    const statuses = async (count: number) => {
      const found: number[] = [];
      while (found.length < count) found.push((await ask(gateway, "/models", token)).status);
      return found;
    };
    const used = await statuses(4);
    context.claim("a bucket of three", used.join(" "), used.join(" ") === "200 200 200 429");
    const valid = await ask(gateway, chat, brief, { message: "x" });
    context.claim("a token of ten minutes", valid.status, valid.status === 200);
    for (const [offset, tokenStatus] of [
      ["+3600", 401],
      ["-3600", 401],
      ["+0", 200],
    ] as const) {
      const silentCall = ask(gateway, chat, token, { message: "silence" });
      await sleep(timeoutMs / 3);
      turn(offset);
      const { status, ms, said } = await silentCall;
      const outcome = status === 504 ? "504" : `${status} ${said}`;
      context.claim(`a call that is never answered, ${offset}`, outcome, status === 504);
      context.timed(
        "its deadline",
        `${Math.round(ms)} ms`,
        ms > timeoutMs - 50 && ms < timeoutMs + 500,
      );
      const models = (await statuses(1))[0];
      context.claim("the bucket, still empty", models ?? "", models === 429);
      const told = await ask(gateway, chat, brief, { message: "x" });
      context.claim("the token of ten minutes", told.status, told.status === tokenStatus);
      if (context.isShort && offset === "+3600") continue;
      await sleep(context.isShort ? 100 : 5_000);
    }
    const { unary, streams, connections } = await load.end();
    for (const [name, tally] of Object.entries({ unary, streams, connections })) {
      context.claim(`load: ${name}`, tally.text(), tally.failed === 0);
    }
  },
};
