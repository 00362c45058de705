/** Models of a running gateway: what its log tells of them, those added later, those of its cores. */

import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import { CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import { createHealthStatus, registerHealth } from "#rpc/health.ts";
import { startRoutes } from "../support/core-server.ts";
import { digitImage, startTestGateway } from "../support/gateway.ts";
import { gemm, identity } from "../support/onnx-models.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function gatewayOver(files: Readonly<Record<string, string | Uint8Array>>) {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  const gateway = opening.use(
    await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { anonymous_scopes: [admin] }
models: { path: ${folder.path}, workers: 1 }
`,
    }),
  );
  const owned = opening.move();
  return { folder, gateway, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("the log", () => {
  test("tells what serves, and warns of what failed to load and why", async () => {
    await using use = await gatewayOver({
      "m/1/model.onnx": gemm(),
      "broken/1/model.onnx": "not a model",
    });
    expect(await use.gateway.line(({ model }) => model === "m")).toMatchObject({
      level: "info",
      msg: "model",
      state: "available",
      version: "1",
    });
    expect(await use.gateway.line(({ model }) => model === "broken")).toMatchObject({
      level: "warn",
      msg: "model",
      state: "failed",
      error: "Protobuf parsing failed.",
    });
  });
});

test("the log warns of what looks like a model and is not read; what is meant as one is listed as failed", async () => {
  await using use = await gatewayOver({
    "we ird/1/model.onnx": gemm(),
    "loose/model.onnx": gemm(),
  });
  const warning = await use.gateway.line(({ msg }) => msg === "not read from the model repository");
  expect(warning).toMatchObject({ level: "warn", name: "we ird" });
  expect(warning.problem).toMatch(/: rename it$/);
  const answer = await fetch(`${use.gateway.url}/api/v1/models/loose`);
  expect(await answer.json()).toMatchObject({
    state: "failed",
    error: `no version: "model.onnx" is in no version's folder: move it to 1/model.onnx`,
  });
});

test("outputs for an image come as numbers while they are few, else as bytes", async () => {
  const yaml = (height: number) => `image: { width: 64, height: ${height} }`;
  await using use = await gatewayOver({
    "few/1/model.onnx": identity("FP32", [1, 3, 85, 64]),
    "few/model.yaml": yaml(85),
    "many/1/model.onnx": identity("FP32", [1, 3, 86, 64]),
    "many/model.yaml": yaml(86),
  });
  const outputOf = async (model: string) => {
    const answer = await fetch(`${use.gateway.url}/predict/${model}`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: await readFile(digitImage(7)),
    });
    const { outputs } = (await answer.json()) as { outputs: [{ data: number[]; raw: string }] };
    return { numbers: outputs[0].data.length, bytes: Buffer.from(outputs[0].raw, "base64").length };
  };
  expect(await outputOf("few")).toEqual({ numbers: 3 * 85 * 64, bytes: 0 });
  expect(await outputOf("many")).toEqual({ numbers: 0, bytes: 3 * 86 * 64 * 4 });
});

describe("loading", () => {
  const scores = (url: string, model: string) =>
    fetch(`${url}/predict/${model}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }],
      }),
    });
  const load = (url: string, model: string) =>
    fetch(`${url}/api/v1/models/${model}:load`, { method: "POST" });

  test("a model that is put into the repository after the start can be loaded and asked", async () => {
    await using use = await gatewayOver({ "m/1/model.onnx": gemm() });
    const { url } = use.gateway;
    expect((await scores(url, "late")).status).toBe(404);
    await use.folder.write("late/1/model.onnx", gemm());
    await use.folder.write("late/model.yaml", "aliases: [last]");
    const loaded = await load(url, "late");
    expect([loaded.status, await loaded.json()]).toMatchObject([
      200,
      { model: { id: "late", state: "available", version: "1" } },
    ]);
    expect(await (await scores(url, "last")).json()).toMatchObject({
      model: "late",
      outputs: [{ data: [1, 2, 1] }],
    });
    expect((await load(url, "last")).status).toBe(200);
  });

  test("a model that is nowhere is 404 MODEL_UNKNOWN, and so is a way out of the repository", async () => {
    await using use = await gatewayOver({ "m/1/model.onnx": gemm() });
    for (const model of ["nowhere", "..%2Fm", "m%2F1"]) {
      const answer = await load(use.gateway.url, model);
      expect([answer.status, await answer.json()]).toMatchObject([
        404,
        { error: { code: "MODEL_UNKNOWN" } },
      ]);
    }
  });
});

describe("the cores' models", () => {
  const names = [CoreService.typeName];
  /** A healthy core that lists its models as told. */
  const coreListing = (listModels: () => Promise<{ models: { id: string }[] }>) =>
    startRoutes((router) => {
      router.service(CoreService, { listModels });
      registerHealth(router, createHealthStatus(names), names);
    });
  const listing = (...ids: string[]) =>
    coreListing(async () => ({ models: ids.map((id) => ({ id })) }));

  test("are those of every core that answers, each once; the others hold up nothing", async () => {
    await using first = await listing("small", "large");
    await using second = await listing("large", "tiny");
    await using broken = await coreListing(async () => {
      throw fault("BACKEND_FAILED", "no list today");
    });
    await using silent = await coreListing(() => new Promise(() => {}));
    const cores = [broken, silent, first, second].map(({ url }) => `{ url: "${url}" }`);
    await using gateway = await startTestGateway({
      yaml: `gateway: { host: 127.0.0.1, port: 0 }\ncores: [${cores.join(", ")}]`,
    });
    const answer = await fetch(`${gateway.url}/models`);
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      { polyagent: { models: ["large", "small", "tiny"] } },
    ]);
  });
});
