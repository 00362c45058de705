/** The policy of all calls, for clients of model servers: keys, scopes, limits, metrics, reflection, in each protocol's own words. */

import { Code, createClient } from "@connectrpc/connect";
import { afterAll, describe, expect, test } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { startTestGateway } from "../support/gateway.ts";
import { grpcTo } from "../support/transports.ts";

const key = "a-key-that-is-long-enough";
const admin = "an-admin-key-that-is-long-enough";
const gateway = await startTestGateway({
  yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: app, key: ${key} }, { name: ops, key: ${admin}, scopes: [admin] }] }
rate_limiting: { requests_per_minute: 1000, burst: 1000, routes: [{ match: /v2/repository/index, requests_per_minute: 1, burst: 1 }, { match: /inference.GRPCInferenceService/ModelConfig, requests_per_minute: 1, burst: 1 }] }
`,
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function ask(path: string, credential: string, method = "GET") {
  const headers: Record<string, string> =
    credential === "" ? {} : { authorization: `Bearer ${credential}` };
  const answer = await fetch(gateway.url + path, { method, headers });
  return { status: answer.status, body: await answer.json(), answer };
}

describe("without a key", () => {
  test.each(["/v2/health/live", "/v2/health/ready"])("%s is answered", async (path) => {
    expect(await ask(path, "")).toMatchObject({ status: 200 });
  });

  test.each([
    ["/v2", "GET"],
    ["/v2/models/digits", "GET"],
    ["/v2/models/digits/ready", "GET"],
    ["/v2/models/digits/infer", "POST"],
    ["/v2/repository/index", "POST"],
    ["/v2/repository/models/digits/unload", "POST"],
    ["/v1/models/digits/metadata", "GET"],
    ["/v1/models/digits:predict", "POST"],
  ])("%s is refused in the words of its clients", async (path, method) => {
    const { status, body, answer } = await ask(path, "", method);
    expect([status, body]).toEqual([401, { error: expect.any(String) }]);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test("gRPC answers probes, and refuses the rest", async () => {
    const client = createClient(GRPCInferenceService, grpcTo(gateway.url));
    expect(await client.serverLive({})).toMatchObject({ live: true });
    expect(await client.serverReady({})).toMatchObject({ ready: true });
    await expect(client.modelMetadata({ name: "digits" })).rejects.toMatchObject({
      code: Code.Unauthenticated,
    });
  });
});

test("loading and unloading need the scope admin", async () => {
  for (const verb of ["unload", "load"]) {
    const path = `/v2/repository/models/digits/${verb}`;
    expect(await ask(path, key, "POST")).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining('"admin"') },
    });
    expect(await ask(path, admin, "POST")).toMatchObject({ status: 200 });
  }
});

test("a limit of a path and one of a procedure hold", async () => {
  expect(await ask("/v2/repository/index", key, "POST")).toMatchObject({ status: 200 });
  const { status, body, answer } = await ask("/v2/repository/index", key, "POST");
  expect([status, body]).toEqual([429, { error: expect.any(String) }]);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  const client = createClient(GRPCInferenceService, grpcTo(gateway.url, key));
  await client.modelConfig({ name: "digits" });
  await expect(client.modelConfig({ name: "digits" })).rejects.toMatchObject({
    code: Code.ResourceExhausted,
  });
});

test("inferences count as such in metrics, and have their line in the log", async () => {
  const inputs = [
    { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data: Array(784).fill(0) },
  ];
  const headers = { authorization: `Bearer ${key}` };
  const body = JSON.stringify({ inputs });
  const answer = await fetch(`${gateway.url}/v2/models/digits/infer`, {
    method: "POST",
    headers,
    body,
  });
  expect(answer.status).toBe(200);
  const metrics = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
  expect(metrics).toMatch(/nv_inference_request_success\{[^}]*model="digits"[^}]*\} [1-9]/);
  const line = await gateway.line(
    ({ endpoint, status }) => endpoint === "/v2/models/{model}/infer" && status === 200,
  );
  expect(line).toMatchObject({
    status: 200,
    procedure: expect.stringContaining("ModelInfer"),
    model: "digits",
  });
});

test("a refused body is a call that failed, with its line in the log", async () => {
  const headers = { authorization: `Bearer ${key}` };
  await fetch(`${gateway.url}/v2/models/nobody/infer`, { method: "POST", headers, body: "{" });
  const line = await gateway.line(
    ({ endpoint, status }) => endpoint === "/v2/models/{model}/infer" && status === 400,
  );
  expect(line).toMatchObject({ procedure: expect.stringContaining("ModelInfer") });
});
