/** The optimiser: Adam with decoupled weight decay, and the course of its learning rate. */

import type { Parameter } from "./parameter.ts";

/** How steps are taken. */
export interface AdamOptions {
  /** Share of each weight that a step at learning rate 1 takes away. */
  readonly weightDecay: number;
}

/** Takes a step along the summed gradients and clears them. */
export type Step = (learningRate: number) => void;

const meanDecay = 0.9;
const squareDecay = 0.999;
const epsilon = 1e-8;

/** An optimiser of `parameters`; it owns the running moments. */
export function adam(parameters: readonly Parameter[], { weightDecay }: AdamOptions): Step {
  const states = parameters.map(({ values, gradients }) => ({
    values,
    gradients,
    mean: new Float32Array(values.length),
    square: new Float32Array(values.length),
  }));
  let steps = 0;
  return (learningRate) => {
    steps += 1;
    const rate = (learningRate * Math.sqrt(1 - squareDecay ** steps)) / (1 - meanDecay ** steps);
    for (const { values, gradients, mean, square } of states) {
      for (let at = 0; at < values.length; at += 1) {
        const gradient = gradients[at] ?? 0;
        const first = meanDecay * (mean[at] ?? 0) + (1 - meanDecay) * gradient;
        const second = squareDecay * (square[at] ?? 0) + (1 - squareDecay) * gradient * gradient;
        const kept = (values[at] ?? 0) * (1 - learningRate * weightDecay);
        mean[at] = first;
        square[at] = second;
        values[at] = kept - (rate * first) / (Math.sqrt(second) + epsilon);
      }
      gradients.fill(0);
    }
  };
}

/** Rises over the first twentieth of the steps, then falls to zero along a cosine. */
export function learningRateAt(step: number, steps: number, peak: number): number {
  const warmUp = Math.ceil(steps / 20);
  if (step < warmUp) return (peak * (step + 1)) / warmUp;
  return (peak / 2) * (1 + Math.cos((Math.PI * (step - warmUp)) / (steps - warmUp)));
}
