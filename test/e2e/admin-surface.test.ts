/** What needs the scope admin is served where `serves` lists `admin`, by RPC and by REST, and nowhere else. */

import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { ConfigService } from "#gen/polygate/v1/config_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { methodFacts } from "#interceptors/method-facts.ts";
import { publicServices } from "#public-services.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

const key = "an-admin-key-of-24-characters";
const headers = { "x-polygate-key": key };

describe.each(["polygate", "node"])("on the engines of %s", (engine) => {
  let gateway: RunningGateway;
  let open = "";
  let admin = "";

  beforeAll(async () => {
    gateway = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, http1_engine: ${engine}, http2_engine: ${engine} }
auth: { keys: [{ name: boss, key: ${key}, scopes: [admin] }] }
listeners:
  - { name: open, port: 0, serves: [rpc, rest, oip, metrics] }
  - { name: admin, port: 0, serves: [admin] }
`,
    });
    open = gateway.urls.open ?? "";
    admin = gateway.urls.admin ?? "";
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  /** Status of a call with an empty message. */
  async function called(url: string, procedure: string): Promise<number> {
    const response = await fetch(`${url}/${procedure}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: "{}",
    });
    await response.body?.cancel();
    return response.status;
  }

  const methods = publicServices.flatMap((service) => service.methods);
  const unary = methods.filter(({ methodKind }) => methodKind === "unary");

  test.each(unary)("$parent.typeName/$name is at one of the two", async (method) => {
    const procedure = `${method.parent.typeName}/${method.name}`;
    const isAdmins = methodFacts(method).requiredScope === "admin";
    const [at, elsewhere] = isAdmins ? [admin, open] : [open, admin];
    // What a model or a key of that name is missing for is told by its own error, which has a reason.
    expect(await called(elsewhere, procedure)).toBe(404);
    const there = await fetch(`${at}/${procedure}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: "{}",
    });
    expect(await there.text()).not.toContain("METHOD_UNKNOWN");
  });

  const clientsOf = (baseUrl: string): readonly Client<typeof ConfigService>[] =>
    [createConnectTransport({ baseUrl, httpVersion: "2" }), createGrpcTransport({ baseUrl })].map(
      (transport) => createClient(ConfigService, transport),
    );

  test("gRPC and Connect find it there, and are told UNIMPLEMENTED elsewhere", async () => {
    for (const client of clientsOf(admin)) {
      expect((await client.getConfig({}, { headers })).values).not.toEqual([]);
    }
    for (const client of clientsOf(open)) {
      await expect(client.getConfig({}, { headers })).rejects.toMatchObject({ code: 12 });
    }
  });

  test.each([
    ["GET", "/api/v1/config", "admin", 200],
    ["GET", "/api/v1/config", "open", 404],
    ["GET", "/api/v1/models", "open", 200],
    ["GET", "/api/v1/models", "admin", 404],
    ["POST", "/v2/repository/models/digits/load", "open", 404],
    ["GET", "/livez", "admin", 200],
    ["GET", "/openapi.json", "admin", 404],
    ["GET", "/metrics", "admin", 404],
    ["GET", "/portal/", "admin", 404],
    ["GET", "/v1/models", "admin", 404],
  ])("%s %s at %s is %i", async (method, path, at, status) => {
    const response = await fetch((at === "admin" ? admin : open) + path, { method, headers });
    await response.body?.cancel();
    expect(response.status).toBe(status);
  });

  test("who has no key, or no scope, is refused there as anywhere", async () => {
    const response = await fetch(`${admin}/api/v1/config`);
    expect(response.status).toBe(401);
    await response.body?.cancel();
  });

  test("the document of the REST surface tells of what is there", async () => {
    const document = (await (await fetch(`${open}/openapi.json`)).json()) as { paths: object };
    const paths = Object.keys(document.paths);
    expect(paths).toContain("/api/v1/models");
    expect(paths.filter((path) => path.startsWith("/api/v1/config"))).toEqual([]);
  });

  test("the model server's protocol leaves loading out with the rest of it", async () => {
    const at = (baseUrl: string) =>
      createClient(GRPCInferenceService, createGrpcTransport({ baseUrl }));
    await expect(
      at(open).repositoryModelLoad({ modelName: "digits" }, { headers }),
    ).rejects.toMatchObject({ code: 12 });
    await expect(at(admin).serverLive({}, { headers })).rejects.toMatchObject({ code: 12 });
    const models = createClient(ModelsService, createGrpcTransport({ baseUrl: admin }));
    const { model } = await models.reloadModel({ model: "digits" }, { headers });
    expect(model?.id).toBe("digits");
  });
});
