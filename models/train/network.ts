/** A network is a list of layers: run it forwards, send a gradient back, take its parameters. */

import { convBackward, convForward } from "./convolution.ts";
import { denseBackward, denseForward } from "./dense.ts";
import type { Backward, Layer } from "./layers.ts";
import { maxPoolBackward, maxPoolForward } from "./max-pool.ts";
import type { Parameter } from "./parameter.ts";
import { reluBackward, reluForward } from "./relu.ts";

/** Layers in the order in which a batch passes them. */
export type Network = readonly Layer[];

/** What passed between the layers: the batch, then each layer's output. */
export type Activations = readonly [Float32Array, ...Float32Array[]];

/** Runs a batch through the network and keeps what a backward pass needs. */
export function forward(network: Network, batch: Float32Array): Activations {
  const activations: [Float32Array, ...Float32Array[]] = [batch];
  let current = batch;
  for (const layer of network) {
    current = forwardLayer(layer, current);
    activations.push(current);
  }
  return activations;
}

/** The network's answer to a batch. */
export function infer(network: Network, batch: Float32Array): Float32Array {
  return network.reduce((input, layer) => forwardLayer(layer, input), batch);
}

/** Adds to the gradients of all parameters, given the loss's gradient by the last output. */
export function backward(
  network: Network,
  activations: Activations,
  gradient: Float32Array,
): Float32Array {
  return network.reduceRight(
    (byOutput, layer, at) =>
      backwardLayer(layer, { input: activations[at] ?? byOutput, gradient: byOutput }),
    gradient,
  );
}

/** Everything that training changes, in the order of the layers. */
export function parameters(network: Network): Parameter[] {
  return network.flatMap((layer) => ("weights" in layer ? [layer.weights, layer.bias] : []));
}

/** How many numbers training changes. */
export function parameterCount(network: Network): number {
  return parameters(network).reduce((count, { values }) => count + values.length, 0);
}

/** The layer's output for a batch, as a fresh array. */
function forwardLayer(layer: Layer, input: Float32Array): Float32Array {
  switch (layer.kind) {
    case "conv":
      return convForward(layer, input);
    case "dense":
      return denseForward(layer, input);
    case "max-pool":
      return maxPoolForward(layer, input);
    case "relu":
      return reluForward(input);
  }
}

/** Adds to the gradients of the layer's parameters; returns the gradient by its input, fresh. */
function backwardLayer(layer: Layer, pass: Backward): Float32Array {
  switch (layer.kind) {
    case "conv":
      return convBackward(layer, pass);
    case "dense":
      return denseBackward(layer, pass);
    case "max-pool":
      return maxPoolBackward(layer, pass);
    case "relu":
      return reluBackward(pass);
  }
}
