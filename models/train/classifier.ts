/** The digit classifier: its network, and how it is trained. */

import { type Rng, seededRng } from "#core/rng.ts";
import { type Variation, vary } from "./augment.ts";
import { crossEntropy } from "./classification-loss.ts";
import { type Sample, sampleSide, shuffle } from "./data.ts";
import { exportOnnx } from "./export-onnx.ts";
import { conv, dense, maxPool, relu } from "./layers.ts";
import { type Course, learn, type Task } from "./learn.ts";
import type { Network } from "./network.ts";

/** What a training run may choose. */
export interface ClassifierTraining {
  readonly seed: number;
  /** How many times each sample is seen, each time varied anew. */
  readonly epochs: number;
  readonly report: Course["report"];
}

const variation: Variation = {
  rotation: 0.13,
  size: 0.16,
  aspect: 0.1,
  shear: 0.1,
  shift: 1.6,
  stroke: 0.8,
  photos: 0.4,
};
const batchSize = 32;
const learningRate = 0.002;
const weightDecay = 0.02;

/** Two convolutions with pooling, then two dense layers; starting weights come from `rng`. */
function classifierNetwork(rng: Rng): Network {
  const image = { channels: 1, height: sampleSide, width: sampleSide };
  const first = conv(image, { channels: 12, kernel: 5, stride: 1, padding: 2 }, rng);
  const half = maxPool(first.output);
  const second = conv(half.output, { channels: 24, kernel: 5, stride: 1, padding: 2 }, rng);
  const quarter = maxPool(second.output);
  const hidden = dense(quarter.output, 96, rng);
  const logits = dense(hidden.output, 10, rng);
  return [
    first,
    relu(first.output),
    half,
    second,
    relu(second.output),
    quarter,
    hidden,
    relu(hidden.output),
    logits,
  ];
}

/** A network trained on `samples`. The same samples and options give the same weights. */
export function trainClassifier(samples: readonly Sample[], options: ClassifierTraining): Network {
  const rng = seededRng(options.seed);
  const network = classifierNetwork(rng);
  const stepsPerEpoch = Math.floor(samples.length / batchSize);
  learn(network, classifierTask(samples, rng), {
    steps: options.epochs * stepsPerEpoch,
    learningRate,
    weightDecay,
    report: options.report,
    reportEvery: stepsPerEpoch,
  });
  return network;
}

/** The samples as photos: each varied once and photographed, the same way for the same seed. */
export function photographed(samples: readonly Sample[], seed: number): Sample[] {
  const rng = seededRng(seed);
  return samples.map(({ pixels, label }) => ({
    pixels: vary(pixels, { ...variation, photos: 1 }, rng),
    label,
  }));
}

/** The network as a file: `image` [batch, 1, 28, 28] to `logits` [batch, 10]. */
export function exportClassifier(network: Network): Uint8Array {
  return exportOnnx(network, {
    name: "digits",
    input: "image",
    output: "logits",
    outputShape: [10],
  });
}

function classifierTask(samples: readonly Sample[], rng: Rng): Task<readonly number[]> {
  let waiting: Sample[] = [];
  return {
    next() {
      if (waiting.length < batchSize) waiting = shuffle(samples, rng);
      const batch = waiting.splice(0, batchSize);
      const inputs = new Float32Array(batch.length * sampleSide * sampleSide);
      batch.forEach(({ pixels }, at) => {
        inputs.set(vary(pixels, variation, rng), at * pixels.length);
      });
      return { inputs, targets: batch.map(({ label }) => label) };
    },
    loss: crossEntropy,
  };
}
