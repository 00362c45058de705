/** What ONNX Runtime makes of an exported network is what the network itself makes. */

import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { exportOnnx } from "../../../models/train/export-onnx.ts";
import { conv, dense, maxPool, relu } from "../../../models/train/layers.ts";
import { infer } from "../../../models/train/network.ts";
import { normal } from "../../../models/train/parameter.ts";

const rng = seededRng(5);
const input = { channels: 1, height: 12, width: 8 };
const first = conv(input, { channels: 4, kernel: 3, stride: 1, padding: 1 }, rng);
const pool = maxPool(first.output);
const second = conv(pool.output, { channels: 6, kernel: 3, stride: 2, padding: 1 }, rng);
const last = dense(second.output, 5, rng);
const network = [first, relu(first.output), pool, second, relu(second.output), last];
for (const layer of [first, second, last]) {
  layer.bias.values.forEach((_, at, values) => {
    values[at] = normal(rng);
  });
}
const options = { name: "small", input: "image", output: "logits", outputShape: [5] };

test("the exported file takes any batch and gives the network's own answer", async () => {
  const session = await InferenceSession.create(exportOnnx(network, options));
  for (const batch of [1, 3]) {
    const image = Float32Array.from({ length: batch * 96 }, () => normal(rng));
    const { logits } = await session.run({ image: new Tensor(image, [batch, 1, 12, 8]) });
    expect(logits!.dims).toEqual([batch, 5]);
    const own = infer(network, image);
    const worst = own.map((value, at) => Math.abs(value - Number(logits!.data[at])));
    expect(Math.max(...worst)).toBeLessThan(1e-4);
    expect(Math.max(...own) - Math.min(...own)).toBeGreaterThan(0.1);
  }
  expect(session.inputNames).toEqual(["image"]);
  expect(session.outputNames).toEqual(["logits"]);
});

test("the same network gives the same bytes", () => {
  expect(exportOnnx(network, options)).toEqual(exportOnnx(network, options));
});
