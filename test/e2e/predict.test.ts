/** How an image can be sent, what a model with labels answers to it and to tensors, and images that are none. */

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { digitImage, startTestGateway } from "../support/gateway.ts";
import { avifGrid, avifParts, gifOfFrames } from "../support/hostile-images.ts";

const gateway = await startTestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());

async function digits(shape: readonly number[], data: readonly (number | string)[]) {
  const inputs = [{ name: "image", datatype: "FP32", shape, data }];
  const answer = await fetch(`${gateway.url}/predict/digits`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ inputs }),
  });
  return { status: answer.status, body: await answer.json() };
}

describe("an input that is no finite number", () => {
  test.each(["NaN", "Infinity", "-Infinity"])("%s is the caller's error and named", async (odd) => {
    const data = Array.from({ length: 784 }, (_, at) => (at === 400 ? odd : 0));
    expect(await digits([1, 1, 28, 28], data)).toMatchObject({
      status: 400,
      body: { error: { code: "TENSOR_INVALID", message: expect.stringContaining("inputs[0]: ") } },
    });
  });
});

describe("a batch", () => {
  test("of several rows is answered with its tensors, for labels belong to one", async () => {
    const { status, body } = await digits([3, 1, 28, 28], Array(3 * 784).fill(0.5));
    expect(status).toBe(200);
    expect(body).toMatchObject({ outputs: [{ name: "logits", shape: [3, 10] }] });
    expect(body).not.toHaveProperty("classifications.0");
  });

  test("of one row is answered with labels and without tensors", async () => {
    const { status, body } = await digits([1, 1, 28, 28], Array(784).fill(0.5));
    expect(status).toBe(200);
    expect(body).toMatchObject({ classifications: Array(5).fill({ label: expect.any(String) }) });
    expect(body).not.toHaveProperty("outputs.0");
  });
});

interface Prediction {
  readonly classifications: readonly { readonly score: number }[];
  readonly outputs: readonly { readonly data: readonly number[] }[];
  readonly timing: Readonly<Record<string, number>>;
}

describe("an image", () => {
  const seven = readFileSync(digitImage(7));
  const predict = async (init: RequestInit) => {
    const answer = await fetch(`${gateway.url}/predict/digits`, { method: "POST", ...init });
    return { status: answer.status, body: (await answer.json()) as Prediction };
  };
  const form = (parts: Readonly<Record<string, Blob | string>>) => {
    const body = new FormData();
    for (const [name, part] of Object.entries(parts)) body.set(name, part);
    return { body };
  };
  const image = new Blob([seven], { type: "image/png" });
  const isSeven = { status: 200, body: { classifications: [{ label: "7" }, {}, {}, {}, {}] } };

  test.each(["image/png", "IMAGE/PNG", "application/octet-stream"])(
    "may be the body itself, as %s",
    async (type) => {
      const sent = { body: seven, headers: { "content-type": type } };
      expect(await predict(sent)).toMatchObject(isSeven);
    },
  );

  test("may be a form's file", async () => {
    expect(await predict(form({ file: image, top_k: "5" }))).toMatchObject(isSeven);
  });

  test("in a format that is not read is refused by the format's name, other types by theirs", async () => {
    const bmp = new Blob(["BM6\0\0\0"], { type: "image/bmp" });
    expect(await predict(form({ file: bmp }))).toMatchObject({
      status: 400,
      body: { error: { code: "IMAGE_INVALID", message: expect.stringContaining("BMP images") } },
    });
    expect(await predict({ body: "x", headers: { "content-type": "text/plain" } })).toMatchObject({
      status: 415,
      body: { error: { message: expect.stringContaining("image/*") } },
    });
  });

  test("gives output numbers as people write them, and times with three digits", async () => {
    const { body } = await predict(form({ file: image, include_outputs: "true" }));
    const [output] = body.outputs;
    expect(output).toMatchObject({ name: "logits", shape: [1, 10], raw: "" });
    const data = output?.data ?? [];
    expect(data).toHaveLength(10);
    for (const number of [...data, ...body.classifications.map(({ score }) => score)]) {
      expect(Number(number.toPrecision(9))).toBe(number);
    }
    for (const ms of Object.values(body.timing)) {
      expect(String(ms)).toMatch(/^\d+(\.\d{1,3})?$/);
    }
  });
});

describe("an image that is not what it says, or costs more than it shows", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>';
  test.each([
    { name: "an SVG as a PNG", file: () => Buffer.from(svg), problem: "SVG images are not read" },
    { name: "a GIF of many frames", file: () => gifOfFrames(200_000), problem: "10000 frames" },
    {
      name: "an AVIF of many pictures",
      file: async () => avifGrid(await avifParts(64, 64), 256),
      problem: "parts of the kind grid",
    },
  ])("$name is refused, and the next one is read", async ({ file, problem }) => {
    const send = (image: Buffer<ArrayBuffer>) => {
      const form = new FormData();
      form.set("file", new Blob([image], { type: "image/png" }), "image.png");
      return fetch(`${gateway.url}/predict/digits`, { method: "POST", body: form });
    };
    const refused = await send(Buffer.from(await file()));
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { code: "IMAGE_INVALID", message: expect.stringContaining(problem) },
    });
    expect((await send(readFileSync(digitImage(7)))).status).toBe(200);
  });
});
