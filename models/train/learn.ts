/** The training loop, the same for every model. */

import { adam, learningRateAt } from "./adam.ts";
import { backward, forward, type Network, parameters } from "./network.ts";

/** A loss and where it leads. */
export interface Loss {
  /** Mean over the batch. */
  readonly value: number;
  /** Its gradient by the network's output, of the output's length. */
  readonly gradient: Float32Array;
}

/** Inputs of a batch and what the network should make of them. */
export interface Batch<Targets> {
  readonly inputs: Float32Array;
  readonly targets: Targets;
}

/** What is learned. */
export interface Task<Targets> {
  /** A fresh batch, varied as the task sees fit. */
  next(): Batch<Targets>;
  loss(output: Float32Array, targets: Targets): Loss;
}

/** How it is learned. */
export interface Course {
  readonly steps: number;
  /** Highest learning rate; the course of it is `learningRateAt`. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Told the mean loss of the last `reportEvery` steps. */
  readonly report: (step: number, meanLoss: number) => void;
  readonly reportEvery: number;
}

/** Trains the network in place. The same network, task and course give the same weights. */
export function learn<T>(network: Network, task: Task<T>, course: Course): void {
  const step = adam(parameters(network), { weightDecay: course.weightDecay });
  let lossSum = 0;
  for (let taken = 1; taken <= course.steps; taken += 1) {
    const { inputs, targets } = task.next();
    const activations = forward(network, inputs);
    const { value, gradient } = task.loss(activations.at(-1) ?? inputs, targets);
    backward(network, activations, gradient);
    step(learningRateAt(taken - 1, course.steps, course.learningRate));
    lossSum += value;
    if (taken % course.reportEvery === 0) {
      course.report(taken, lossSum / course.reportEvery);
      lossSum = 0;
    }
  }
}
