/** Three endpoints are killed, stalled and made to fail in turn under load: no unary call is lost while one of them is well. */

import { expect, test } from "vitest";
import { startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import type { ProviderFault } from "../support/provider-fault.ts";

const calls = 2_000;
const concurrency = 64;
const deadlineMs = 30_000;
/** What the gateway always allows beside the share, and how long it counts. */
const retriesPerSecond = 10;
const windowSeconds = 10;

/** How the three are while the calls of one phase are made. */
type Condition = "well" | "down" | ProviderFault;
const stalls: ProviderFault = { kind: "stall" };
const fails: ProviderFault = { kind: "status", status: 500 };
const overloaded: ProviderFault = { kind: "status", status: 503 };
const phases: readonly (readonly [Condition, Condition, Condition])[] = [
  ["well", "well", "well"],
  ["down", "well", "well"],
  ["well", stalls, "well"],
  ["well", "well", fails],
  ["down", { kind: "error_after_start" }, "well"],
  [overloaded, "well", stalls],
  ["well", "down", "down"],
  ["well", fails, { kind: "reset_after", frames: 0 }],
];

async function put(provider: ProviderDouble, condition: Condition, before: Condition) {
  if (before === "down" && condition !== "down") await provider.up();
  if (before !== "down" && condition === "down") await provider.down();
  provider.illness = typeof condition === "string" ? undefined : condition;
}

/** What one call came to. */
interface End {
  readonly streams: boolean;
  readonly ok: boolean;
  /** Something of the answer was there. */
  readonly hadContent: boolean;
  /** Tries, as the response's head says. */
  readonly attempts: number;
  /** The head was sent in silence, before the last try. */
  readonly isHeadEarly: boolean;
  readonly elapsedMs: number;
  readonly requestId: string;
  readonly text: string;
}

async function ask(url: string, streams: boolean): Promise<End> {
  const startMs = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "chaos",
      stream: streams,
      messages: [{ role: "user", content: "x" }],
    }),
  });
  const text = await response.text();
  return {
    streams,
    ok: response.status === 200 && (!streams || text.endsWith("data: [DONE]\n\n")),
    hadContent: text.includes('"content":"'),
    attempts: Number(response.headers.get("x-polygate-attempts")),
    isHeadEarly: text.startsWith(": keep-alive"),
    elapsedMs: performance.now() - startMs,
    requestId: response.headers.get("x-request-id") ?? "",
    text,
  };
}

/** The sum of a metric's samples whose labels contain a text. */
function sumOf(metrics: string, name: string, label = ""): number {
  return metrics
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

test.each([
  { name: "the default budget", share: 0.2, terms: "" },
  {
    name: "a quarter of it, so that calls have to wait for it",
    share: 0.05,
    terms: "retry_budget: 0.05,",
  },
])(
  "2,000 calls, 64 at a time, with $name: no unary call fails, retries keep to it, nobody starves, all adds up",
  async ({ share, terms }) => {
    await using opened = new AsyncDisposableStack();
    const providers: ProviderDouble[] = [];
    for (let index = 0; index < 3; index += 1) {
      const provider = opened.use(await startProvider("openai-chat"));
      provider.delayMs = 20;
      providers.push(provider);
    }
    const gateway = opened.use(
      await startTestGateway({
        yaml: `
gateway: { host: 127.0.0.1, port: 0, timeout: ${deadlineMs}ms, health_check_timeout: 5s }
load_balancer: { retry_attempts: 10, ${terms} ejection_time: 100ms, health_check_interval: 500ms, timeout: 5s }
providers:
  gpu: { dialect: openai, endpoints: [${providers.map(({ url }) => `{ base_url: "${url}" }`).join(", ")}] }
routes:
  chaos: { p2c_ewma: [{ provider: gpu, model: double }], affinity: false }
`,
      }),
    );

    const startMs = performance.now();
    const ends: End[] = [];
    let begun = 0;
    let before = phases[0] as (typeof phases)[number];
    const caller = async () => {
      while (begun < calls) {
        begun += 1;
        if (begun % (calls / phases.length) === 0) {
          const next = phases[(begun * phases.length) / calls];
          if (next !== undefined) {
            const last = before;
            before = next;
            for (const [index, provider] of providers.entries()) {
              await put(provider, next[index] ?? "well", last[index] ?? "well");
            }
          }
        }
        ends.push(await ask(gateway.url, begun % 4 === 0));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, caller));
    const seconds = (performance.now() - startMs) / 1_000;

    // Nobody is lost.
    expect(ends).toHaveLength(calls);
    /** What became of a call, for whoever reads that one failed. */
    const storyOf = ({ requestId, attempts, text }: End) => {
      const line = gateway.lines.find(
        ({ msg, request_id }) => msg === "call" && request_id === requestId,
      );
      return `${attempts} tries, ${line?.tries ?? line?.reason}: ${text}`;
    };
    expect(ends.filter(({ ok, streams }) => !ok && !streams).map(storyOf)).toEqual([]);
    // A stream that has begun cannot be taken elsewhere; any other can.
    expect(ends.filter(({ ok, hadContent }) => !ok && !hadContent).map(storyOf)).toEqual([]);
    expect(Math.max(...ends.map(({ elapsedMs }) => elapsedMs))).toBeLessThan(deadlineMs);

    // All adds up: what clients were told, what metrics count, what the log says.
    const callLines = () => gateway.lines.filter(({ msg }) => msg === "call");
    await expect.poll(() => callLines().length).toBe(calls);
    const lines = callLines();
    const attempts = lines.reduce((sum, line) => sum + Number(line.attempts ?? 1), 0);
    const attemptsById = new Map(
      lines.map((line) => [line.request_id, Number(line.attempts ?? 1)]),
    );
    for (const { requestId, attempts: told, isHeadEarly } of ends) {
      if (!isHeadEarly) expect(told).toBe(attemptsById.get(requestId));
    }
    const good = ends.filter(({ ok }) => ok).length;
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    const retries = sumOf(metrics, "load_balancer_extra_attempts_total", 'kind="retry"');
    expect(sumOf(metrics, "load_balancer_requests_total", "gpu-")).toBe(attempts);
    expect(sumOf(metrics, "load_balancer_errors_total", "gpu-")).toBe(attempts - good);
    expect(retries).toBe(attempts - calls);
    expect(sumOf(metrics, "ai_gateway_requests_total", 'backend="llm"')).toBe(calls);
    expect(sumOf(metrics, "ai_gateway_requests_total", 'status="OK"')).toBe(good);
    for (const { tries, attempts: count } of lines) {
      expect(String(tries ?? "one").split(",")).toHaveLength(Number(count ?? 1));
    }

    // The storm was real, and bounded.
    expect(retries).toBeGreaterThan(20);
    expect(retries).toBeLessThanOrEqual(
      share * calls + retriesPerSecond * (seconds + windowSeconds),
    );
    console.log(
      `${calls} calls in ${seconds.toFixed(1)} s, ${retries} retries, ${calls - good} streams cut after they began, longest call ${Math.round(Math.max(...ends.map(({ elapsedMs }) => elapsedMs)))} ms`,
    );

    // All are well again: each has its part of the calls before long.
    for (const [index, provider] of providers.entries()) {
      await put(provider, "well", before[index] ?? "well");
    }
    await expect
      .poll(
        async () => {
          const counts = providers.map(({ received }) => received.length);
          await Promise.all(Array.from({ length: concurrency }, () => ask(gateway.url, false)));
          const shares = providers.map(
            ({ received }, index) => received.length - (counts[index] ?? 0),
          );
          return Math.min(...shares) / concurrency;
        },
        { timeout: 20_000, interval: 50 },
      )
      .toBeGreaterThan(0.03);
    expect(providers.map((provider) => provider.open())).toEqual([0, 0, 0]);
  },
  120_000,
);
