/** The worker that runs ONNX models, except that it dies instead of running a session whose key says "fatal". */

import { parentPort } from "node:worker_threads";
import type { WorkerRequest } from "#backends/onnx/messages.ts";

parentPort?.on("message", (request: WorkerRequest) => {
  if (request.kind === "run" && request.key.includes("fatal")) process.exit(3);
});

await import("#backends/onnx/worker.ts");
