/** BackendsService on a whole gateway: who stands behind it, and taking one out and in again. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo, transports } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const user = "a-user-key-that-is-long-enough";

const doubles: ProviderDouble[] = [];
let gateway: RunningGateway;

beforeAll(async () => {
  for (let count = 0; count < 3; count += 1) doubles.push(await startProvider("openai-chat"));
  const [one, two, other] = doubles.map(({ url }) => url);
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
load_balancer: { retry_attempts: 0 }
auth: { keys: [{ name: ops, key: ${admin}, scopes: [admin] }, { name: app, key: ${user} }] }
providers:
  gpu: { dialect: openai, endpoints: [{ base_url: "${one}" }, { base_url: "${two}" }], api_key: k, default_model: double }
  other: { dialect: openai, base_url: "${other}", api_key: k, default_model: double }
routes:
  turns: { round_robin: [{ provider: gpu, model: double }], affinity: false }
`,
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const double of doubles) await double[Symbol.asyncDispose]();
});

const backends = () => createClient(BackendsService, grpcTo(gateway.url, admin));
const chats = () => createClient(ChatService, grpcTo(gateway.url, user));
const chat = () => chats().chat({ message: "Hi", modelPreference: "turns" });
const counts = () => doubles.map(({ received }) => received.length);
const post = (path: string, body: object = {}, key = admin) =>
  fetch(`${gateway.url}/api/v1/backends/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const endpoint = async (index: number) => {
  const { backends: all } = await backends().listBackends({});
  return all.find(({ name }) => name === "gpu")!.endpoints[index]!;
};

beforeEach(async () => {
  await backends().resumeBackend({ backend: "gpu" });
  await backends().resetBackend({ backend: "gpu" });
});

test("the list has cores and providers with their endpoints, by every way", async () => {
  const { backends: all } = await backends().listBackends({});
  expect(all.map(({ name, kind, endpoints }) => [name, kind, endpoints.length])).toEqual([
    ["embedded", "embedded", 1],
    ["gpu", "llm", 2],
    ["other", "llm", 1],
  ]);
  expect(all[1]?.endpoints[0]).toMatchObject({ status: "healthy", draining: false, inFlight: 0 });
  const connect = createClient(BackendsService, transports.Connect!(gateway.url, admin));
  expect((await connect.listBackends({})).backends.map(({ name }) => name)).toEqual(
    all.map(({ name }) => name),
  );
  const headers = { authorization: `Bearer ${admin}` };
  const rest = await fetch(`${gateway.url}/api/v1/backends`, { headers });
  expect(await rest.json()).toMatchObject({ backends: [{ name: "embedded" }, {}, {}] });
});

describe("draining", () => {
  test("one endpoint gives it no new calls until it is resumed", async () => {
    const { id } = await endpoint(0);
    const { backend } = await backends().drainBackend({ backend: "gpu", endpoint: id });
    expect(backend?.endpoints.map(({ draining }) => draining)).toEqual([true, false]);
    const before = counts();
    for (let call = 0; call < 4; call += 1) await chat();
    expect(counts()).toEqual([before[0], before[1]! + 4, before[2]]);
    await backends().resumeBackend({ backend: "gpu", endpoint: id });
    for (let call = 0; call < 4; call += 1) await chat();
    expect(counts()[0]).toBe(before[0]! + 2);
  });

  test("lets a call that is under way come to its end", async () => {
    doubles[0]!.faults.push({ kind: "stall" });
    doubles[1]!.faults.push({ kind: "stall" });
    const leaving = new AbortController();
    const open = chats()
      .chat({ message: "Hi", modelPreference: "turns" }, { signal: leaving.signal })
      .then(
        () => "answered",
        () => "left",
      );
    const inFlight = async () => {
      const { backends: all } = await backends().listBackends({});
      return all[1]!.endpoints.reduce((sum, one) => sum + one.inFlight, 0);
    };
    while ((await inFlight()) < 1);
    await backends().drainBackend({ backend: "gpu" });
    expect(await inFlight()).toBe(1);
    for (const double of doubles) double.faults.length = 0;
    leaving.abort();
    expect(await open).toBe("left");
  });

  test("all endpoints leaves nobody: the call fails at once and says so; others are not touched", async () => {
    expect((await post("gpu:drain")).status).toBe(200);
    const error = await chat().then(() => undefined, ConnectError.from);
    expect(error?.code).toBe(Code.Unavailable);
    expect((await chats().chat({ message: "Hi", modelPreference: "other" })).response).toBe(
      "Hello there",
    );
    expect((await post("gpu:resume")).status).toBe(200);
    expect((await chat()).response).toBe("Hello there");
  });
});

test("resetting closes the breakers and forgets what was counted", async () => {
  const [first, second] = doubles;
  for (let call = 0; call < 12; call += 1) {
    first!.faults.push({ kind: "status", status: 500 });
    second!.faults.push({ kind: "status", status: 500 });
  }
  for (let call = 0; call < 12; call += 1) await chat().catch(() => {});
  for (const double of doubles) double.faults.length = 0;
  const broken = await endpoint(0);
  expect(broken.errors).toBeGreaterThan(0);
  expect(broken.models.find(({ model }) => model === "double")).toMatchObject({ breaker: "open" });
  const response = await post("gpu:reset");
  expect(response.status).toBe(200);
  const { backend } = (await response.json()) as { backend: { endpoints: object[] } };
  expect(backend.endpoints[0]).toMatchObject({ errors: 0, requests: 0, models: [] });
  expect((await chat()).response).toBe("Hello there");
});

test("every action leaves a line that says who did what", async () => {
  await backends().drainBackend({ backend: "other" }, { headers: { "x-request-id": "audited" } });
  await backends().resumeBackend({ backend: "other" });
  const line = await gateway.line(
    ({ msg, request_id }) => msg === "admin" && request_id === "audited",
  );
  expect(line).toMatchObject({ principal: "ops", action: "drain", backend: "other" });
});

describe("refusals", () => {
  test("an unknown backend or endpoint is named, with those that there are", async () => {
    const unknown = await post("nobody:drain");
    expect([unknown.status, await unknown.text()]).toEqual([
      404,
      expect.stringContaining("embedded, gpu, other"),
    ]);
    const endpointToo = await post("gpu:reset", { endpoint: "gpu-9" });
    expect([endpointToo.status, await endpointToo.text()]).toEqual([
      404,
      expect.stringContaining("endpoint:"),
    ]);
  });

  test("names beyond their bounds are refused before they are looked for", async () => {
    const error = await backends()
      .drainBackend({ backend: "x".repeat(129) })
      .then(() => undefined, ConnectError.from);
    expect(error?.code).toBe(Code.InvalidArgument);
    expect((await post("gpu:drain", { endpoint: "x".repeat(257) })).status).toBe(400);
  });

  test("without the scope nothing is shown or done", async () => {
    expect((await post("gpu:drain", {}, user)).status).toBe(403);
    const client = createClient(BackendsService, grpcTo(gateway.url, user));
    const error = await client.listBackends({}).then(() => undefined, ConnectError.from);
    expect(error?.code).toBe(Code.PermissionDenied);
    expect((await endpoint(0)).draining).toBe(false);
  });
});
