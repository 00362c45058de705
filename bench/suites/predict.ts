/** Models in process and behind servers: what the gateway takes beside the runtime itself. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import { PredictResponseSchema } from "#gen/polygate/v1/predict_pb.js";
import { DataType } from "#gen/tensorflow/core/framework/types_pb.js";
import { halfPlusTwo, startTensorflow } from "../../test/support/tensorflow-double.ts";
import type { Effort } from "../support/contest.ts";
import { gateway } from "../support/gateways.ts";
import {
  batchMax,
  imageCall,
  modelFile,
  modelFolder,
  tensorCall,
  workers,
} from "../support/infer.ts";
import { callerOf, load } from "../support/load.ts";
import { folder } from "../support/programs.ts";
import { allCores, onAllCores, startServer } from "../support/server-process.ts";
import { figure, median } from "../support/statistics.ts";
import type { Suite } from "../support/suite.ts";
import type { Table } from "../support/table.ts";

/** Enough calls that a batch is full whenever a worker is free. */
const pressure = { connections: 4, streams: workers * batchMax } as const;
const warmUpSeconds = 5;

/** A gateway on all cores with the model loaded, and its event loop watched. */
async function startGateway(models: string, lagFile: string) {
  const command = gateway({ models: { path: models, workers } });
  const watched = (port: number) => {
    const [node = "", ...args] = command(port);
    const lag = new URL("../support/loop-lag.ts", import.meta.url).href;
    return ["env", `LOOP_LAG_FILE=${lagFile}`, node, "--import", lag, ...args];
  };
  return await startServer(watched, { core: allCores });
}

/** Rows a second of a pool of workers with nothing around it. */
function bareRowsPerSecond(models: string, rows: number, seconds: number): number {
  const [file = "", ...args] = [
    ...onAllCores,
    process.execPath,
    ...["-C", "source", "bench/contenders/bare-pool.ts", modelFile(models)],
    ...[workers, rows, seconds].map(String),
  ];
  return Number(execFileSync(file, args, { encoding: "utf8" }));
}

/** The workers flat out: rows a second, and what the event loop of the serving thread makes of it. */
async function throughput({ rounds, seconds }: Effort): Promise<Table> {
  const models = modelFolder();
  const lagFile = join(folder, "loop-lag.json");
  await using server = await startGateway(models, lagFile);
  const call = tensorCall();
  await load(server.port, call, pressure, warmUpSeconds);
  const ours: number[] = [];
  const bare: number[] = [];
  const lagMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    process.kill(server.pid, "SIGWINCH");
    const { calls, seconds: took } = await load(server.port, call, pressure, seconds);
    process.kill(server.pid, "SIGWINCH");
    await sleep(200);
    lagMs.push(JSON.parse(readFileSync(lagFile, "utf8")).p99Ms);
    ours.push(calls / took);
    bare.push(bareRowsPerSecond(models, batchMax, seconds));
  }
  return {
    title: "A model flat out on two workers",
    note: [
      `Calls of \`PredictService/Predict\` with one row of 49 kB each, ${pressure.connections * pressure.streams} in flight; batches of ${batchMax} at most. The gateway, its workers`,
      "and the load share two cores. The bare pool runs the same batches without being asked, and copies nothing.",
    ].join("\n"),
    columns: ["server", "rows per second", "ours to its", "event loop late, p99 ms"],
    rows: [
      ["Polygate, full chain", figure(median(ours)), "", figure(median(lagMs))],
      ["bare pool", figure(median(bare)), figure(median(ours) / median(bare)), ""],
    ],
  };
}

/** A photograph in, labels out: where its time goes. */
async function image({ rounds }: Effort): Promise<Table> {
  await using server = await startGateway(modelFolder(), join(folder, "loop-lag.json"));
  await using caller = callerOf(server.port, await imageCall());
  const stages = { decode: [], queue: [], model: [], after: [], rest: [], all: [] } as Record<
    string,
    number[]
  >;
  for (let round = 0; round < 20 * rounds; round += 1) {
    const startMs = performance.now();
    const answer = await caller.call();
    const allMs = performance.now() - startMs;
    const { timing } = fromBinary(PredictResponseSchema, answer.subarray(5));
    if (timing === undefined || round < 10) continue;
    const { preprocessMs, queueMs, computeMs, postprocessMs } = timing;
    stages.decode?.push(preprocessMs);
    stages.queue?.push(queueMs);
    stages.model?.push(computeMs);
    stages.after?.push(postprocessMs);
    stages.rest?.push(allMs - preprocessMs - queueMs - computeMs - postprocessMs);
    stages.all?.push(allMs);
  }
  const wholeMs = median(stages.all ?? []);
  const names: Readonly<Record<string, string>> = {
    decode: "decode, orient, resize, normalise",
    queue: "wait for a worker",
    model: "the model",
    after: "labels",
    rest: "the wire, the chain, and waiting for threads",
    all: "all",
  };
  return {
    title: "A JPEG of two megapixels in, labels out",
    note: "One call at a time over gRPC; medians.",
    columns: ["stage", "ms", "share"],
    rows: Object.entries(stages).map(([name, each]) => [
      names[name] ?? name,
      figure(median(each)),
      `${Math.round((100 * median(each)) / wholeMs)} %`,
    ]),
  };
}

const passedFloats = 150_000;

/** Floats for a model of a TensorFlow Serving, which only pass through. */
async function pass({ rounds, seconds }: Effort): Promise<Table> {
  const sum = { ...halfPlusTwo(), shape: undefined };
  const run = () => {
    // The double remembers what it was sent.
    tensorflow.calls.length = 0;
    return { y: { dtype: DataType.DT_FLOAT, floatVal: [1], tensorShape: { dim: [{ size: 1n }] } } };
  };
  await using tensorflow = await startTensorflow({ sum: { ...sum, run } });
  const command = gateway({
    model_servers: { tensorflow: { endpoints: [{ url: tensorflow.url }] } },
  });
  await using server = await startServer(command);
  const call = { ...tensorCall("sum", [passedFloats]), expects: "y" };
  await using caller = callerOf(server.port, call);
  const cpuMs: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const startUs = server.cpuUs();
    const untilMs = performance.now() + 1000 * seconds;
    let calls = 0;
    for (; performance.now() < untilMs; calls += 1) await caller.call();
    // The first round warms up.
    if (round > 0) cpuMs.push((server.cpuUs() - startUs) / calls / 1000);
  }
  return {
    title: "600 kB of floats on their way to TensorFlow Serving",
    note: "`PredictService/Predict` over gRPC, one call at a time, to a model of a double; processor time of the gateway, all threads.",
    columns: ["gateway", "CPU ms per call"],
    rows: [["Polygate, full chain", figure(median(cpuMs))]],
  };
}

/** The tables of inference. */
export const predictSuite: Suite = {
  title: "Models in process, and behind servers",
  tables: { throughput, image, pass },
};
