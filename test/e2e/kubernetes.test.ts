/**
 * Endpoints that Kubernetes tells, for every kind of backend: pods come and go under load, new ones are used at once,
 * old ones end their calls and get no more, and none fails.
 */

import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { startCoreServer } from "../support/core-server.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startHttpCore } from "../support/http-core-double.ts";
import { type KubernetesDouble, startKubernetes } from "../support/kubernetes-double.ts";
import { startOip } from "../support/oip-double.ts";
import { startProvider } from "../support/provider-double.ts";
import { startTensorflow } from "../support/tensorflow-double.ts";
import { fixture } from "../support/tls.ts";

/** A server in a pod. */
interface Pod extends AsyncDisposable {
  readonly port: number;
  /** Calls so far; health is none. */
  calls(): number;
}

interface Kind {
  readonly name: string;
  start(): Promise<Pod>;
  /** What the configuration says of it. */
  section(kubernetes: string): object;
  call(gateway: RunningGateway): Promise<Response>;
}

/** Waits for what a busy machine may do late. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

const portOf = (url: string) => Number(/:(\d+)/.exec(url)?.[1]);
const post = (url: string, body: object) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const chat = ({ url }: RunningGateway) => post(`${url}/api/v1/chat`, { message: "hi" });
const predict = ({ url }: RunningGateway) =>
  post(`${url}/predict/half_plus_two`, {
    inputs: [{ name: "x", datatype: "FP32", shape: [1], data: [2] }],
  });
const oip = (scheme: "grpc" | "http"): Kind => ({
  name: `a server of the Open Inference Protocol, by ${scheme}`,
  async start() {
    const double = await startOip();
    return Object.assign(double, {
      port: portOf(scheme === "grpc" ? double.grpcUrl : double.httpUrl),
      calls: () => double.requests.length + double.bodies.length,
    });
  },
  section: (kubernetes) => ({
    model_servers: { triton: { protocol: "oip", discovery: { kubernetes, scheme } } },
  }),
  call: predict,
});

const kinds: readonly Kind[] = [
  {
    name: "a core over gRPC",
    async start() {
      const clocked = { clock: systemClock, rng: seededRng(1) };
      const core = await startCoreServer(createAgent(plainAgent, clocked));
      return Object.assign(core, { calls: () => core.requestIds.length });
    },
    section: (kubernetes) => ({ cores: [{ discovery: { kubernetes } }] }),
    call: chat,
  },
  {
    name: "a core over HTTP",
    async start() {
      const core = await startHttpCore("hello");
      return Object.assign(core, { port: portOf(core.url), calls: () => core.received.length });
    },
    section: (kubernetes) => ({ cores: [{ discovery: { kubernetes }, protocol: "http" }] }),
    call: chat,
  },
  {
    name: "a provider",
    async start() {
      const provider = await startProvider("openai-chat");
      const calls = () =>
        provider.received.filter(({ path }) => path.endsWith("/completions")).length;
      return Object.assign(provider, { port: portOf(provider.url), calls });
    },
    section: (kubernetes) => ({
      providers: {
        gpu: { dialect: "openai", default_model: "m", discovery: { kubernetes, path: "/v1" } },
      },
      routes: { all: { round_robin: [{ provider: "gpu", model: "m" }], affinity: false } },
    }),
    call: ({ url }) => post(`${url}/api/v1/chat`, { message: "hi", model_preference: "all" }),
  },
  {
    name: "TensorFlow Serving",
    async start() {
      const double = await startTensorflow();
      return {
        port: portOf(double.url),
        calls: () => double.calls.length,
        [Symbol.asyncDispose]: () => double[Symbol.asyncDispose](),
      };
    },
    section: (kubernetes) => ({ model_servers: { tensorflow: { discovery: { kubernetes } } } }),
    call: predict,
  },
  oip("grpc"),
  oip("http"),
];

const tokenFile = join(tmpdir(), `polygate-kubernetes-${process.pid}`);
let api: KubernetesDouble;
beforeAll(async () => {
  api = await startKubernetes();
  writeFileSync(tokenFile, "a-token");
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(tokenFile);
});

const gatewayOf = (section: object) =>
  startTestGateway({
    yaml: JSON.stringify({
      gateway: { host: "127.0.0.1", port: 0 },
      kubernetes: { server: api.url, token_file: tokenFile, ca_file: fixture("ca.crt") },
      load_balancer: { retry_attempts: 0 },
      ...section,
    }),
  });

/** Calls on several lines at once until it is disposed; the statuses that came. */
function load(call: () => Promise<Response>) {
  const stop = new AbortController();
  const statuses: number[] = [];
  const line = async () => {
    while (!stop.signal.aborted) {
      const answer = await call();
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
  };
  const lines = Promise.all(Array.from({ length: 4 }, line));
  return {
    statuses,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await lines;
    },
  };
}

const metric = async ({ url }: RunningGateway, name: string) => {
  const page = await (await fetch(`${url}/metrics`)).text();
  return page.split("\n").filter((line) => line.startsWith(name));
};

describe.each(kinds)("pods of $name", ({ name, start, section, call }) => {
  test("come and go under load: new ones are used, old ones are left in peace, no call fails", async () => {
    const service = name.toLowerCase().replaceAll(/[^a-z]+/g, "-");
    const slice = (port: number, conditions = {}) => ({
      service,
      endpoints: [{ address: "127.0.0.1", conditions }],
      ports: [{ name: "main", port }],
    });
    await using old = await start();
    await using next = await start();
    api.put(`${service}-old`, slice(old.port));
    await using gateway = await gatewayOf(section(`${service}.prod:main`));
    {
      await using running = load(() => call(gateway));
      await eventually(old.calls).toBeGreaterThan(10);
      api.put(`${service}-next`, slice(next.port));
      await eventually(next.calls).toBeGreaterThan(10);
      // As a pod that is deleted: it ends, and serves on.
      api.put(
        `${service}-old`,
        slice(old.port, { ready: false, serving: true, terminating: true }),
      );
      await gateway.line(({ left }) => String(left).endsWith(`127.0.0.1:${old.port}`));
      // Each line's call that was under way.
      const made = running.statuses.length;
      await eventually(() => running.statuses.length).toBeGreaterThan(made + 4);
      const after = old.calls();
      await eventually(() => running.statuses.length).toBeGreaterThan(made + 40);
      expect(old.calls()).toBe(after);
      expect(new Set(running.statuses)).toEqual(new Set([200]));
    }
    const labels = /source="kubernetes",name="[^"]+"\} 1$/;
    expect(await metric(gateway, "discovery_endpoints{")).toEqual([expect.stringMatching(labels)]);
  }, 60_000);
});

test("an API that is away, or refuses, changes no endpoint and is told of in its words", async () => {
  const [core] = kinds;
  if (core === undefined) throw new Error("there is no kind");
  await using pod = await core.start();
  const slice = { service: "cores", endpoints: ["127.0.0.1"], ports: [{ port: pod.port }] };
  api.put("cores-1", slice);
  await using gateway = await gatewayOf(core.section(`cores.prod:${pod.port}`));
  expect((await core.call(gateway)).status).toBe(200);
  await eventually(() => api.watches()).toBeGreaterThan(0);
  api.mood = "refusing";
  api.end("mid-line");
  const line = await gateway.line(({ msg }) => msg === "Kubernetes fails: endpoints stay");
  expect(line).toMatchObject({ level: "warn", kubernetes: `cores.prod:${pod.port}` });
  expect(JSON.stringify(line)).toContain("is forbidden");
  expect(JSON.stringify(gateway.lines)).not.toContain("a-token");
  expect((await core.call(gateway)).status).toBe(200);
  expect(await metric(gateway, "discovery_failing{")).toEqual([expect.stringMatching(/ 1$/)]);
  api.mood = "well";
  await gateway.line(({ msg }) => msg === "Kubernetes answers again");
  expect(await metric(gateway, "discovery_failing{")).toEqual([expect.stringMatching(/ 0$/)]);
  // Scaled to nobody: that is an answer, and not the lack of one.
  api.put("cores-1", { ...slice, endpoints: [] });
  await gateway.line(({ left }) => String(left).includes("core-1-1"));
  expect((await core.call(gateway)).status).toBe(503);
});
