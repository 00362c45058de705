/** What a model with labels answers to tensors that labels do not fit. */

import { afterAll, describe, expect, test } from "vitest";
import { startTestGateway } from "../support/gateway.ts";

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
