/** Each layer's backward pass against the slope that two forward passes measure. */

import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { crossEntropy } from "../../../models/train/classification-loss.ts";
import { shuffle } from "../../../models/train/data.ts";
import {
  conv,
  dense,
  type Layer,
  maxPool,
  relu,
  volumeSize,
} from "../../../models/train/layers.ts";
import { backward, forward, infer, parameters } from "../../../models/train/network.ts";
import { normal } from "../../../models/train/parameter.ts";

const rng = seededRng(7);
const input = { channels: 2, height: 6, width: 8 };
const batch = 3;

const rows: readonly { readonly name: string; readonly layer: Layer }[] = [
  {
    name: "a convolution",
    layer: conv(input, { channels: 5, kernel: 3, stride: 1, padding: 0 }, rng),
  },
  {
    name: "a padded convolution",
    layer: conv(input, { channels: 3, kernel: 5, stride: 1, padding: 2 }, rng),
  },
  {
    name: "a strided convolution",
    layer: conv(input, { channels: 4, kernel: 3, stride: 2, padding: 1 }, rng),
  },
  {
    name: "a one-by-one convolution",
    layer: conv(input, { channels: 7, kernel: 1, stride: 1, padding: 0 }, rng),
  },
  { name: "a dense layer", layer: dense(input, 6, rng) },
  { name: "max pooling", layer: maxPool(input) },
  { name: "a rectifier", layer: relu(input) },
];

/** Numbers further from zero and from each other than a measuring step, so that none crosses a kink. */
function spread(size: number): Float32Array {
  const values = Array.from({ length: size }, (_, at) => (at - size / 2 + 0.5) / 16);
  return Float32Array.from(shuffle(values, rng));
}

/** Slope of `loss` along each element of `values`, from a step to either side of it. */
function measuredSlopes(values: Float32Array, step: number, loss: () => number): number[] {
  return Array.from(values, (value, at) => {
    values[at] = value + step;
    const above = loss();
    values[at] = value - step;
    const below = loss();
    values[at] = value;
    return (above - below) / (2 * step);
  });
}

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...expected.map((value, at) => Math.abs(value - actual[at]!)));
  expect(worst).toBeLessThan(1e-3);
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.05);
}

for (const { name, layer } of rows) {
  test(`the gradients of ${name} are the measured slopes, by input and by parameters`, () => {
    const inputs = spread(batch * volumeSize(layer.input));
    const weighting = Float32Array.from({ length: batch * volumeSize(layer.output) }, () =>
      normal(rng),
    );
    const loss = () =>
      infer([layer], inputs).reduce((sum, value, at) => sum + value * weighting[at]!, 0);
    const byInput = backward([layer], forward([layer], inputs), weighting);
    expectClose(byInput, measuredSlopes(inputs, 1 / 64, loss));
    for (const { values, gradients } of parameters([layer])) {
      expectClose(gradients, measuredSlopes(values, 1 / 64, loss));
    }
  });
}

test("the gradients of a whole network are the chain of its layers'", () => {
  const first = conv(input, { channels: 4, kernel: 3, stride: 1, padding: 1 }, rng);
  const pool = maxPool(first.output);
  const last = dense(pool.output, 3, rng);
  const network = [first, relu(first.output), pool, last];
  const inputs = spread(volumeSize(input)).map((value) => value / 4);
  const labels = [2];
  const loss = () => crossEntropy(infer(network, inputs), labels).value;
  const activations = forward(network, inputs);
  backward(network, activations, crossEntropy(activations.at(-1)!, labels).gradient);
  expectClose(last.weights.gradients, measuredSlopes(last.weights.values, 1 / 64, loss));
  expectClose(first.bias.gradients, measuredSlopes(first.bias.values, 1 / 1024, loss));
});

test("a gradient is added to what is there, so that batches may be split", () => {
  const layer = dense(input, 2, rng);
  const inputs = spread(volumeSize(input));
  const gradient = Float32Array.of(1, -2);
  backward([layer], forward([layer], inputs), gradient);
  const once = [...layer.weights.gradients];
  backward([layer], forward([layer], inputs), gradient);
  expect([...layer.weights.gradients]).toEqual(once.map((value) => Math.fround(2 * value)));
});
