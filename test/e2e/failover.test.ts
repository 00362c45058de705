/** Three core processes behind one gateway process: even spread, one killed under load, its return. */

import { join } from "node:path";
import { expect, test } from "vitest";
import { ConfigFolder } from "../support/config-folder.ts";
import { freePort } from "../support/free-port.ts";
import { fromSource, startProcess } from "../support/polygate-process.ts";

const startCore = (port: number) =>
  startProcess({ command: fromSource("core", "--port", String(port), "--latency-ms", "5") });

interface Health {
  readonly status: string;
  readonly cores: {
    readonly available: number;
    readonly total: number;
    readonly health: readonly { readonly id: string; readonly status: string }[];
  };
}

const cores = ["core-1", "core-2", "core-3"] as const;

test("no request fails while a core dies, and it takes calls again when it is back", async () => {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  await using first = await startCore(ports[0]);
  await using second = await startCore(ports[1]);
  await using third = await startCore(ports[2]);
  expect([first, second, third].map(({ urls }) => urls)).toEqual(
    ports.map((port) => [`http://127.0.0.1:${port}`]),
  );
  using folder = new ConfigFolder({
    "gateway.yaml": JSON.stringify({
      gateway: { host: "127.0.0.1", port: 0 },
      cores: ports.map((port) => ({ url: `http://127.0.0.1:${port}` })),
      load_balancer: {
        algorithm: "round_robin",
        health_check_interval: "1s",
        ejection_time: "100ms",
      },
    }),
  });
  const config = join(folder.path, "gateway.yaml");
  await using gateway = await startProcess({ command: fromSource("serve", "--config", config) });
  const [url = ""] = gateway.urls;

  const ask = async () => {
    const answer = await fetch(`${url}/api/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"message": "what is 12*7?", "use_tools": true}',
    });
    const body = await answer.text();
    return answer.status === 200 && body.includes("84") ? "ok" : `${answer.status} ${body}`;
  };
  const load = async (calls: number, inFlight: number) => {
    const outcomes: string[] = [];
    let begun = 0;
    const worker = async () => {
      while (begun < calls) {
        begun += 1;
        outcomes.push(await ask());
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return outcomes;
  };
  /** Attempts by core since start, as the gateway counts them. */
  const attempts = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return cores.map((core) =>
      Number(
        new RegExp(`load_balancer_requests_total\\{[^}]*core="${core}"\\} (\\d+)`).exec(
          text,
        )?.[1] ?? 0,
      ),
    );
  };
  const health = async () => (await (await fetch(`${url}/healthz`)).json()) as Health;
  const until = async (wanted: (health: Health) => boolean) => {
    for (;;) {
      const now = await health();
      if (wanted(now)) return now;
    }
  };

  await until(({ cores: { available } }) => available === 3);
  const before = await attempts();
  expect(await load(300, 10)).toEqual(Array(300).fill("ok"));
  const spread = (await attempts()).map((count, index) => count - (before[index] ?? 0));
  expect(spread).toEqual([100, 100, 100]);

  const underLoad = load(600, 10);
  await third.stop("SIGKILL");
  expect((await underLoad).filter((outcome) => outcome !== "ok")).toEqual([]);

  const sick = await until(({ cores: { available } }) => available === 2);
  expect(sick.status).toBe("degraded");
  expect(sick.cores.health.map(({ status }) => status)).toEqual([
    "healthy",
    "healthy",
    "unhealthy",
  ]);

  await using returned = await startCore(ports[2]);
  expect(returned.urls).toHaveLength(1);
  await until(({ cores: { available } }) => available === 3);
  // A growing share of the calls at first, an even one soon.
  const shareOfThird = async () => {
    const [, , thirdBefore = 0] = await attempts();
    expect(await load(60, 6)).toEqual(Array(60).fill("ok"));
    const [, , thirdAfter = 0] = await attempts();
    return thirdAfter - thirdBefore;
  };
  await expect.poll(shareOfThird, { timeout: 20_000 }).toBe(20);
  expect(await gateway.stop("SIGTERM")).toBe(0);
}, 60_000);
