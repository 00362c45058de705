/**
 * A client that leaves ends the call of whoever answers it: whatever protocol it speaks, at whatever moment, in front of
 * every dialect; nothing is retried for it.
 */

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { systemClock } from "#core/clock.ts";
import { type CoreDouble, startStallingCore } from "../support/core-double.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type Begin, leavingClients } from "../support/leaving-clients.ts";
import { type ProviderDouble, startProviders } from "../support/provider-double.ts";
import { serverTls } from "../support/tls.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
/** Those that answer: providers by dialect, and a core. */
const upstreams = [...dialects, "polyagent"] as const;

/** Longest pause that the gateway's clock makes here: what is left to a look twice a second is not found out. */
const pauseMsMax = 50;

/** A way to leave a call. */
interface Way {
  readonly name: string;
  /** Unique; the text of the call, by which whoever answers knows it. */
  readonly words: string;
  readonly begin: Begin;
  readonly isMidstream: boolean;
}

let gateway: RunningGateway;
let providers: Readonly<Record<(typeof dialects)[number], ProviderDouble>> & AsyncDisposable;
let core: CoreDouble;
let ways: readonly Way[];

/** Which call it is. */
const wordsOf = (text: string) => /call\d+\./.exec(text)?.[0] ?? "";
const isStalled = (text: string) =>
  ways.some(({ words, isMidstream }) => !isMidstream && words === wordsOf(text));

beforeAll(async () => {
  const { sleep } = systemClock;
  vi.spyOn(systemClock, "sleep").mockImplementation(async (ms, signal) => {
    signal?.throwIfAborted();
    if (ms <= pauseMsMax) return await sleep(ms, signal);
    await new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  });
  providers = await startProviders(dialects);
  core = await startStallingCore(isStalled);
  const entry = (dialect: (typeof dialects)[number]) => {
    const name = dialect === "openai-chat" ? "openai" : dialect;
    return `  ${dialect}: { dialect: ${name}, base_url: "${providers[dialect].url}", api_key: upstream-key }`;
  };
  const { certFile, keyFile } = serverTls;
  gateway = await startTestGateway({
    yaml: `
listeners:
  - { name: plain, host: 127.0.0.1, port: 0 }
  - { name: tls, host: localhost, port: 0, tls: { cert_file: ${certFile}, key_file: ${keyFile} } }
load_balancer: { retry_attempts: 3 }
cores: [{ url: "${core.url}" }]
providers:
${dialects.map(entry).join("\n")}
`,
  });
  const { plain = "", tls = "" } = gateway.urls;
  const { streams, whole } = leavingClients({ url: plain, tlsUrl: tls });
  ways = [
    ...Object.entries(streams).flatMap(([name, begin]) => [
      { name: `${name}, before the first token`, begin, isMidstream: false },
      { name: `${name}, in its midst`, begin, isMidstream: true },
    ]),
    ...Object.entries(whole).map(([name, begin]) => ({
      name: `${name}, a whole response`,
      begin,
      isMidstream: false,
    })),
  ].map((way, index) => ({ ...way, words: `call${index}.` }));
}, 30_000);

afterAll(async () => {
  vi.restoreAllMocks();
  await gateway[Symbol.asyncDispose]();
  await providers[Symbol.asyncDispose]();
  await core[Symbol.asyncDispose]();
});

/** The calls of these words that a dialect's double received. */
function received(upstream: (typeof upstreams)[number], words: string) {
  return upstream === "polyagent"
    ? core.received.filter((call) => wordsOf(call.words) === words)
    : providers[upstream].received.filter(({ body }) => wordsOf(JSON.stringify(body)) === words);
}

/** Begins a call at somebody who stalls, leaves it, and waits until that has been seen there. */
async function leave(
  upstream: (typeof upstreams)[number],
  { name, words, begin, isMidstream }: Way,
): Promise<void> {
  const calls = () => received(upstream, words);
  const call = begin(`${upstream}/double`, words);
  const ended = call.done.then(
    () => "it was answered",
    () => "left",
  );
  await vi.waitUntil(() => calls().length === 1, { interval: 5, timeout: 20_000 });
  if (isMidstream) await call.content;
  expect(calls()[0]?.abortedAtMs, name).toBeUndefined();
  call.leave();
  await expect
    .poll(() => calls()[0]?.abortedAtMs, { interval: 5, timeout: 20_000, message: name })
    .toBeDefined();
  expect(await ended, name).toBe("left");
}

test.each(upstreams)(
  "in front of %s it is seen that the client left: every protocol, before the first token, in the midst, and while a whole response is made",
  async (upstream) => {
    if (upstream !== "polyagent") {
      const frames = upstream === "ollama" ? 1 : 4;
      providers[upstream].illness = (body) =>
        isStalled(JSON.stringify(body)) ? { kind: "stall" } : { kind: "stall_after", frames };
    }
    await Promise.all(ways.map((way) => leave(upstream, way)));
    // Each is told as what it was, and nobody else was asked for it.
    const name = upstream === "polyagent" ? "core-1" : upstream;
    const lines = () =>
      gateway.lines.filter((line) => line.msg === "call" && line.upstream === name);
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(ways.length);
    expect(new Set(lines().map(({ code, reason }) => `${code} ${reason}`))).toEqual(
      new Set(["CANCELLED CANCELLED"]),
    );
    const all = upstream === "polyagent" ? core.received : providers[upstream].received;
    expect(all).toHaveLength(ways.length);
    if (upstream !== "polyagent") expect(providers[upstream].open()).toBe(0);
  },
  60_000,
);
