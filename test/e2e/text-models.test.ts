/** Text models in this process behind the surfaces that clients know, versions by label, and what is counted. */

import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { gemm, wordScores, wordTokenizer, wordVectors } from "../support/onnx-models.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;
let gateway: RunningGateway;

beforeAll(async () => {
  folder = await temporaryFolder();
  const files = {
    "words/1/model.onnx": wordVectors(),
    "words/tokenizer.json": wordTokenizer,
    "words/model.yaml":
      "aliases: [team/words]\ntext: { max_tokens: 4 }\noutput: { kind: embedding, name: hidden, normalize: false }",
    "topics/1/model.onnx": wordScores(),
    "topics/tokenizer.json": wordTokenizer,
    "topics/model.yaml":
      "text: {}\noutput: { kind: classification, name: scores }\nlabels: [left, right]",
    "points/1/model.onnx": gemm({ bias: 1 }),
    "points/2/model.onnx": gemm({ bias: 2 }),
    "points/model.yaml":
      "version_labels: { stable: 1, canary: 2 }\nshadow: { to: canary, share: 100% }",
  };
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  const yaml = `gateway: { host: 127.0.0.1, port: 0 }\nmodels: { path: ${folder.path}, watch: 0 }`;
  gateway = await startTestGateway({ yaml });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function post(path: string, body: unknown) {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body: answer };
}

const cat = [4 / 3, 5 / 3].map(Math.fround);
const dog = [7 / 3, 3].map(Math.fround);

describe("vectors of texts", () => {
  for (const model of ["words", "team/words"]) {
    test(`come to OpenAI's SDK by the name ${model}, in both encodings`, async () => {
      const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "none" });
      for (const encoding_format of ["float", "base64", undefined] as const) {
        const format = encoding_format === undefined ? {} : { encoding_format };
        const { data, usage } = await client.embeddings.create({
          model,
          input: ["cat", "dog"],
          ...format,
        });
        expect(usage.prompt_tokens).toBe(6);
        if (encoding_format !== "base64") {
          expect(data.map(({ embedding }) => embedding.map(Math.fround))).toEqual([cat, dog]);
        }
      }
    });
  }

  test("come over REST with what was cut off, and by whom they were made", async () => {
    const { status, headers, body } = await post("/api/v1/embeddings", {
      model: "words",
      inputs: [{ text: "cat dog cat" }],
      task: "clustering",
    });
    expect([status, body]).toMatchObject([
      200,
      {
        model_used: "words",
        truncated_inputs: 1,
        truncated_tokens: 1,
        usage: { prompt_tokens: 4 },
      },
    ]);
    expect(headers.get("x-polygate-provider")).toBe("onnx");
    expect(headers.get("x-polygate-dropped")).toBe("task");
  });

  const refused = [
    {
      name: "tokens, which are the tokenizer's to make",
      request: { model: "words", inputs: [{ text: "a" }, { tokens: { ids: [1] } }] },
      error: { code: "REQUEST_INVALID", message: expect.stringContaining("inputs[1]") },
    },
    {
      name: "another length than the model's vectors have",
      request: { model: "words", inputs: [{ text: "a" }], dimensions: 7 },
      error: {
        code: "PARAMETER_UNSUPPORTED",
        message: expect.stringContaining("have 2 components"),
      },
    },
  ];
  test.each(refused)("are refused for $name", async ({ request, error }) => {
    expect(await post("/api/v1/embeddings", request)).toMatchObject({
      status: 400,
      body: { error },
    });
  });
});

test("a refusal names the field as the client's API calls it", async () => {
  expect(await post("/v1/embeddings", { model: "words", input: [[1, 2], [3]] })).toMatchObject({
    status: 400,
    body: { error: { param: "input[0]" } },
  });
  expect(
    await post("/v1/embeddings", { model: "words", input: "cat", dimensions: 7 }),
  ).toMatchObject({ status: 400, body: { error: { param: "dimensions" } } });
});

describe("labels of texts", () => {
  test("come from a tensor of texts", async () => {
    const inputs = [{ name: "text", datatype: "BYTES", shape: [1], text: ["cat dog"] }];
    expect(await post("/api/v1/models/topics:predict", { inputs })).toMatchObject({
      status: 200,
      body: { classifications: [{ label: "right" }, { label: "left" }] },
    });
  });
});

describe("versions", () => {
  const predict = (version?: string) =>
    post("/api/v1/models/points:predict", {
      inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }],
      ...(version === undefined ? {} : { version }),
    });

  test("answer by number and label; without either the stable one does", async () => {
    const answers = [await predict(), await predict("canary"), await predict("2")];
    expect(answers.map(({ body }) => body.version)).toEqual(["1", "2", "2"]);
    expect(await predict("beta")).toMatchObject({
      status: 404,
      body: {
        error: {
          code: "MODEL_UNKNOWN",
          message: 'model "points" has no label "beta": there is "stable", "canary"',
        },
      },
    });
  });

  test("are told of each model, with their labels", async () => {
    const response = await fetch(`${gateway.url}/api/v1/models/points`);
    expect(await response.json()).toMatchObject({
      version: "1",
      versions: [
        { version: "1", state: "available" },
        { version: "2", state: "available" },
      ],
      version_labels: { stable: "1", canary: "2" },
    });
  });

  test("are counted each by itself, in /stats and for Prometheus", async () => {
    const { inferences } = (await (await fetch(`${gateway.url}/stats`)).json()) as {
      inferences: { model: string; version: string }[];
    };
    const canary = inferences.find(({ model, version }) => model === "points" && version === "2");
    expect(canary).toMatchObject({
      success: { count: 2 },
      batches: [{ rows: 1 }],
      shadow: { compared: expect.any(Number) },
    });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/nv_inference_request_success\{model="points",version="2"\} 2\n/);
    expect(metrics).toMatch(/nv_inference_exec_count\{model="points",version="2"\} \d/);
    expect(metrics).toMatch(
      /polygate_inference_shadow_total\{model="points",version="2",outcome="differed"\} \d/,
    );
  });
});
