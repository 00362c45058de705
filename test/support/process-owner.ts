/** Starts a worker process and stays, so that a test can kill it and look what becomes of the process. */

import { startWorkerProcess } from "#backends/onnx/worker-process.ts";

startWorkerProcess(() => undefined, {});
setInterval(() => undefined, 1_000);
