/** The worker that runs ONNX models, telling what it had prepared when it reached for the library. */

import { registerHooks } from "node:module";
import { parentPort } from "node:worker_threads";

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === "onnxruntime-node") {
      parentPort?.postMessage({
        telemetry: process.env.ORT_DISABLE_TELEMETRY,
        halfFloats: typeof globalThis.Float16Array,
      });
    }
    return nextResolve(specifier, context);
  },
});

await import("#backends/onnx/worker.ts");
