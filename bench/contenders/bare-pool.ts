/**
 * Worker threads that run a model without anything around it: batches of rows, one after another,
 * as fast as they can. `bare-pool <model> <workers> <rows> <seconds>` prints rows a second.
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { rowShape } from "../support/infer.ts";

interface Work {
  readonly file: string;
  readonly rows: number;
  readonly seconds: number;
}

async function rowsPerSecond({ file, rows, seconds }: Work): Promise<number> {
  process.env.ORT_DISABLE_TELEMETRY = "1";
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(file, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
  });
  const shape = [rows, ...rowShape];
  const floats = new Float32Array(shape.reduce((all, size) => all * size, 1));
  const run = () => session.run({ x: new Tensor("float32", floats, shape) });
  for (let round = 0; round < 5; round += 1) await run();
  const startMs = performance.now();
  let runs = 0;
  for (; performance.now() - startMs < seconds * 1_000; runs += 1) await run();
  return (runs * rows * 1_000) / (performance.now() - startMs);
}

if (isMainThread) {
  const [file = "", workers, rows, seconds] = process.argv.slice(2);
  const work: Work = { file, rows: Number(rows), seconds: Number(seconds) };
  const each = await Promise.all(
    Array.from({ length: Number(workers) }, async () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: work });
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      worker.once("message", resolve);
      worker.once("error", reject);
      return await promise;
    }),
  );
  console.log(each.reduce((all, one) => all + one, 0));
  process.exit(0);
} else {
  parentPort?.postMessage(await rowsPerSecond(workerData as Work));
}
