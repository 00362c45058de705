/** ONNX Runtime itself, without the gateway around it: what it loads, and what it gives. */

import { publicText } from "#backends/onnx/ort-message.ts";
import { ortParts, tensorFromOrt } from "#backends/onnx/tensors.ts";
import type { NamedTensor } from "#core/tensor.ts";

// Read once, when the library is loaded.
process.env.ORT_DISABLE_TELEMETRY = "1";
const { InferenceSession, Tensor } = await import("onnxruntime-node");

const options = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;

/** Why it does not load a model; undefined when it does. */
export async function loadProblem(model: Uint8Array): Promise<string | undefined> {
  try {
    const session = await InferenceSession.create(model, options);
    await session.release();
    return undefined;
  } catch (thrown) {
    return publicText((thrown as Error).message);
  }
}

/** What a model gives, in the order of its outputs. */
export async function runtimeOutputs(
  model: Uint8Array,
  inputs: readonly NamedTensor[],
): Promise<NamedTensor[]> {
  const session = await InferenceSession.create(model, options);
  try {
    const feeds = inputs.map((input) => {
      const { type, data, dims } = ortParts(input);
      return [input.name, new Tensor(type, data, dims)] as const;
    });
    const results = await session.run(Object.fromEntries(feeds));
    return session.outputNames.flatMap((name) => {
      const result = results[name];
      return result === undefined ? [] : tensorFromOrt(name, result);
    });
  } finally {
    await session.release();
  }
}
