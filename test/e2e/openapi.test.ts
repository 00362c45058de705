/** /openapi.json as others see it: a public validator, and a client made by a public generator. */

import { execFile } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { JsonObject } from "@bufbuild/protobuf";
import { Validator } from "@seriousme/openapi-schema-validator";
import { generateSource } from "oazapfts";
import { beforeAll, describe, expect, test } from "vitest";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

async function documentOf({ url }: RunningGateway): Promise<JsonObject> {
  return (await fetch(`${url}/openapi.json`)).json() as Promise<JsonObject>;
}

describe("/openapi.json", () => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await startTestGateway();
    return () => gateway[Symbol.asyncDispose]();
  });

  test("is valid OpenAPI 3.1", async () => {
    const document = await documentOf(gateway);
    expect(document.openapi).toBe("3.1.0");
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  test("describes operations and fields by the comments of the proto files", async () => {
    const document = await documentOf(gateway);
    expect(document).toMatchObject({
      paths: { "/v1/query": { post: { summary: "One question, one answer." } } },
      components: {
        schemas: { "polygate.v1.ChatRequest": { description: expect.stringMatching(/\w{3}/) } },
      },
    });
  });

  test("is what `polygate openapi` prints", async () => {
    const args = ["-C", "source", "src/cli/main.ts", "openapi"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 });
    expect(JSON.parse(stdout)).toEqual(await documentOf(gateway));
  });

  test("is sent once to those who keep it", async () => {
    const first = await fetch(`${gateway.url}/openapi.json`);
    const etag = first.headers.get("etag") ?? "";
    const again = await fetch(`${gateway.url}/openapi.json`, {
      headers: { "if-none-match": etag },
    });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    const other = { headers: { "if-none-match": '"other"' } };
    expect((await fetch(`${gateway.url}/openapi.json`, other)).status).toBe(200);
  });

  test("names the credentials where they are needed, and no others", async () => {
    expect(await documentOf(gateway)).not.toHaveProperty("security");
    await using guarded = await startTestGateway({
      yaml: "{ gateway: { host: 127.0.0.1, port: 0 }, auth: { keys: [{ name: a, key: a-key-that-is-long-enough }] } }",
    });
    expect(await documentOf(guarded)).toMatchObject({
      security: [{ bearer: [] }, { apiKey: [] }],
      components: { securitySchemes: { apiKey: { in: "header", name: "X-API-Key" } } },
      paths: { "/health": { get: { security: [] } } },
    });
  });

  test("is there only where REST is served", async () => {
    await using rpcOnly = await startTestGateway({
      yaml: "listeners: [{ name: rpc, host: 127.0.0.1, port: 0, serves: [rpc] }]",
    });
    for (const path of ["/openapi.json", "/docs"]) {
      expect((await fetch(rpcOnly.url + path)).status, path).toBe(404);
    }
  });
});

/** The part of the generated client that is used here. */
interface Client {
  readonly defaults: { baseUrl: string };
  chatServiceChat(request: object): Promise<{ status: number; data: { response: string } }>;
  predictServicePredict(model: string, body: object): Promise<{ status: number; data: unknown }>;
  modelsServiceGetModel(model: string): Promise<{ status: number; data: unknown }>;
}

describe("a client generated from it", { timeout: 60_000 }, () => {
  let gateway: RunningGateway;
  let folder: TemporaryFolder;
  let client: Client;

  beforeAll(async () => {
    gateway = await startTestGateway();
    folder = await temporaryFolder();
    const specification = join(folder.path, "openapi.json");
    await writeFile(specification, JSON.stringify(await documentOf(gateway)));
    const source = await generateSource(specification);
    await writeFile(join(folder.path, "client.ts"), source);
    await writeFile(join(folder.path, "package.json"), `{ "type": "module" }`);
    await symlink(resolve("node_modules"), join(folder.path, "node_modules"));
    client = await import(join(folder.path, "client.ts"));
    client.defaults.baseUrl = gateway.url;
    return async () => {
      await gateway[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    };
  }, 60_000);

  test("type-checks, and knows the types of requests", async () => {
    await writeFile(
      join(folder.path, "use.ts"),
      `import { chatServiceChat } from "./client.ts";
await chatServiceChat({ message: "hello", max_tokens: 7 });
// @ts-expect-error: a number is no message
await chatServiceChat({ message: 7 });
`,
    );
    const flags = "--noEmit --strict --skipLibCheck --allowImportingTsExtensions";
    const target = "--target esnext --lib esnext,dom --module nodenext --types node";
    const files = [...flags.split(" "), ...target.split(" "), "client.ts", "use.ts"];
    const tsc = resolve("node_modules/.bin/tsc");
    const { stdout } = await promisify(execFile)(tsc, files, { cwd: folder.path });
    expect(stdout).toBe("");
  });

  test("chats", async () => {
    const { status, data } = await client.chatServiceChat({
      message: "what is 12*7?",
      use_tools: true,
    });
    expect(status).toBe(200);
    expect(data.response).toContain("84");
  });

  test("predicts, with the model in the path", async () => {
    const file = (await readFile(digitImage(7))).toString("base64");
    expect(await client.predictServicePredict("digits", { file, top_k: 1 })).toMatchObject({
      status: 200,
      data: { classifications: [{ label: "7" }] },
    });
  });

  test("gets errors in the shape that the document promises", async () => {
    expect(await client.modelsServiceGetModel("no-such-model")).toMatchObject({
      status: 404,
      data: { error: { code: "MODEL_UNKNOWN", request_id: expect.any(String) } },
    });
  });
});
