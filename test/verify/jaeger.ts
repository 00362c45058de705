/**
 * Traces of a whole gateway in a real Jaeger, over HTTP and over gRPC: what it took is asked back by
 * its own API, and parents have to be right. `npm run jaeger`; JAEGER names the program.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { startCoreServer } from "../support/core-server.ts";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { programPath } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const patienceMs = 60_000;

/** A trace as Jaeger's API has it. */
interface JaegerAnswer {
  readonly data?: readonly {
    readonly spans: readonly {
      readonly spanID: string;
      readonly operationName: string;
      readonly references: readonly { readonly refType: string; readonly spanID: string }[];
      readonly tags: readonly { readonly key: string; readonly value: unknown }[];
    }[];
    readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
  }[];
}

/** Configuration of a Jaeger that keeps traces in memory, all on these ports of loopback. */
function jaegerConfig(ports: { http: number; grpc: number; query: number; queryGrpc: number }) {
  const at = (port: number) => ({ endpoint: `127.0.0.1:${port}` });
  return JSON.stringify({
    service: {
      extensions: ["jaeger_storage", "jaeger_query"],
      pipelines: { traces: { receivers: ["otlp"], exporters: ["jaeger_storage_exporter"] } },
      telemetry: { metrics: { level: "none" } },
    },
    extensions: {
      jaeger_storage: { backends: { kept: { memory: { max_traces: 1_000 } } } },
      jaeger_query: {
        storage: { traces: "kept" },
        http: at(ports.query),
        grpc: at(ports.queryGrpc),
      },
    },
    receivers: { otlp: { protocols: { grpc: at(ports.grpc), http: at(ports.http) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: "kept" } },
  });
}

/** What `ask` resolves to, as soon as that is something. */
async function within<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const endMs = Date.now() + patienceMs; Date.now() < endMs; await sleep(200)) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
  }
  throw new Error(`${what}: not within ${patienceMs} ms`);
}

const program = process.env.JAEGER ?? programPath("jaeger");
if (program === undefined) {
  console.error("jaeger is not installed, and JAEGER names none");
  process.exit(2);
}

await using stack = new AsyncDisposableStack();
const folder = stack.use(await temporaryFolder());
const ports = {
  http: await freePort(),
  grpc: await freePort(),
  query: await freePort(),
  queryGrpc: await freePort(),
};
const config = await folder.write("jaeger.json", jaegerConfig(ports));
const jaeger = spawn(program, ["--config", config], {
  stdio: "ignore",
  // It would trace itself.
  env: { ...process.env, OTEL_TRACES_SAMPLER: "always_off" },
});
stack.defer(async () => {
  const ended = once(jaeger, "exit");
  jaeger.kill("SIGKILL");
  await ended;
});
const api = `http://127.0.0.1:${ports.query}/api`;
await within("Jaeger's start", async () =>
  (await fetch(`${api}/services`)).ok ? true : undefined,
);

const agent = createAgent(plainAgent, { clock: systemClock, rng: systemRng });
const core = stack.use(await startCoreServer(agent));
for (const [protocol, port] of [
  ["http/protobuf", ports.http],
  ["grpc", ports.grpc],
] as const) {
  const service = `polygate-${port}`;
  await using gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
cores: [{ url: "${core.url}" }]
tracing: { endpoint: "http://127.0.0.1:${port}", protocol: ${protocol}, service_name: ${service} }
`,
  });
  const traceId = port.toString(16).padStart(32, "c");
  const parentId = "d".repeat(16);
  const response = await fetch(`${gateway.url}/api/v1/chat`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      traceparent: `00-${traceId}-${parentId}-01`,
    },
    body: '{"message":"hello"}',
  });
  assert.equal(response.status, 200);
  const trace = await within(`the trace over ${protocol}`, async () => {
    const answer = (await (await fetch(`${api}/traces/${traceId}`)).json()) as JaegerAnswer;
    const [found] = answer.data ?? [];
    return found?.spans.length === 2 ? found : undefined;
  });
  const server = trace.spans.find(({ operationName }) => operationName === "POST /api/v1/chat");
  const tried = trace.spans.find(({ operationName }) => operationName === "chat");
  assert.equal(server?.references[0]?.spanID, parentId);
  assert.equal(tried?.references[0]?.spanID, server?.spanID);
  assert.equal(Object.values(trace.processes)[0]?.serviceName, service);
  const kinds = [server, tried].map((span) => span?.tags.find(({ key }) => key === "span.kind"));
  assert.deepEqual(
    kinds.map((tag) => tag?.value),
    ["server", "client"],
  );
  console.log(`${protocol}: 2 spans, parents right`);
}
