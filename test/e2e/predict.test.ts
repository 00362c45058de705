/** What a model with labels answers to tensors that labels do not fit, and to images that are none. */

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

describe("an image that is not what it says, or costs more than it shows", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>';
  test.each([
    { name: "an SVG as a PNG", file: () => Buffer.from(svg), problem: "not a readable" },
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
