/** The worker, a thread or a process: holds ONNX sessions and answers one question after the other. */

import { getPriority, setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import type { InferenceSession as Session } from "onnxruntime-node";
import { systemClock } from "#core/clock.ts";
import { optionalPackage } from "#core/optional-package.ts";
import type { NamedTensor } from "#core/tensor.ts";
import type { SessionRequest, SessionSignature, WorkerReply, WorkerRequest } from "./messages.ts";
import { saysNoMemory } from "./ort-message.ts";
import { ortParts, tensorFromOrt, tensorSpec } from "./tensors.ts";
import { zeroInputs } from "./warm-up.ts";

// The native library reads the environment of the process, once, when it is loaded. Workers are
// started with the process's own environment, so this write reaches it.
// biome-ignore lint/style/noProcessEnv: the switch of the library is an environment variable
process.env.ORT_DISABLE_TELEMETRY = "1";
// With this global present the binding gives half-float inputs no memory (onnxruntime#26791).
Reflect.deleteProperty(globalThis, "Float16Array");
const library = await optionalPackage("onnxruntime-node", () => import("onnxruntime-node")).catch(
  (error: Error) => error,
);

/** The library. Throws why it is not there, which each load reports. */
function ort(): Exclude<typeof library, Error> {
  if (library instanceof Error) throw library;
  return library;
}

/** Who computes gives way to who serves, which has little to do. On Linux this is the thread's alone. */
const nicer = 5;
const nicenessMax = 19;
if (process.platform === "linux") setPriority(Math.min(nicenessMax, getPriority() + nicer));

/** One thread and no spinning: parallelism is the number of workers, and the cores are shared. */
const sessionOptions: Session.SessionOptions = {
  executionProviders: ["cpu"],
  executionMode: "sequential",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  logSeverityLevel: 4,
  extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
};

interface Loaded {
  readonly session: Session;
  readonly signature: SessionSignature;
}

const sessions = new Map<string, Loaded>();

async function load(request: SessionRequest): Promise<WorkerReply> {
  const session = await ort().InferenceSession.create(request.file, sessionOptions);
  try {
    const signature = {
      inputs: session.inputMetadata.map(tensorSpec),
      outputs: session.outputMetadata.map(tensorSpec),
    };
    const loaded = { session, signature };
    await warmUp(loaded, request);
    sessions.set(request.key, loaded);
    return { kind: "loaded", signature };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** Runs it on zeros, as often as is asked for. */
async function warmUp(loaded: Loaded, { warmUpRuns, openShape }: SessionRequest): Promise<void> {
  const zeros = zeroInputs(loaded.signature.inputs, openShape);
  if (zeros === undefined) return;
  try {
    for (let run = 0; run < warmUpRuns; run++) await infer(loaded, zeros);
  } catch (error) {
    // An image or a text of zeros is one that a request may bring. Other inputs may be sizes, indices
    // or divisors, for which zero is no value: that a model refuses it says nothing against the model.
    if (openShape !== undefined || saysNoMemory(textOf(error))) throw error;
  }
}

async function unload(key: string): Promise<WorkerReply> {
  const loaded = sessions.get(key);
  sessions.delete(key);
  await loaded?.session.release();
  return { kind: "unloaded" };
}

async function run(key: string, inputs: readonly NamedTensor[]): Promise<WorkerReply> {
  const loaded = sessions.get(key);
  if (loaded === undefined) throw new Error(`no session ${key}`);
  const startMs = systemClock.nowMs();
  const outputs = await infer(loaded, inputs);
  return { kind: "ran", outputs, computeMs: systemClock.nowMs() - startMs };
}

async function infer(loaded: Loaded, inputs: readonly NamedTensor[]): Promise<NamedTensor[]> {
  const { Tensor } = ort();
  const feeds = Object.fromEntries(
    inputs.map((input) => {
      const { type, data, dims } = ortParts(input);
      return [input.name, new Tensor(type, data, dims)];
    }),
  );
  const results = await loaded.session.run(feeds);
  return loaded.signature.outputs.flatMap(({ name }) => {
    const result = results[name];
    return result === undefined ? [] : tensorFromOrt(name, result);
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function answer(request: Exclude<WorkerRequest, { kind: "close" }>): Promise<WorkerReply> {
  try {
    switch (request.kind) {
      case "load":
        return await load(request);
      case "unload":
        return await unload(request.key);
      case "run":
        return await run(request.key, request.inputs);
    }
  } catch (error) {
    return { kind: "failed", message: textOf(error) };
  }
}

/** Buffers of a reply that change threads instead of being copied. */
function buffersOf(reply: WorkerReply): ArrayBuffer[] {
  if (reply.kind !== "ran") return [];
  const buffers = reply.outputs.map(({ bytes }) => bytes.buffer);
  return [...new Set(buffers)].filter((buffer) => buffer instanceof ArrayBuffer);
}

async function handle(request: WorkerRequest): Promise<void> {
  if (request.kind === "close") {
    if (parentPort === null) process.disconnect?.();
    else parentPort.close();
    return;
  }
  const reply = await answer(request);
  if (parentPort === null) process.send?.(reply);
  else parentPort.postMessage(reply, buffersOf(reply));
}

// A run yields to the event loop, where the next message may already wait.
let handled = Promise.resolve();
const onRequest = (request: WorkerRequest) => {
  handled = handled.then(() => handle(request));
};
if (parentPort === null) {
  process.on("message", onRequest);
  // Whoever asked is gone, and no one else can ask.
  process.on("disconnect", () => process.exit());
} else {
  parentPort.on("message", onRequest);
}
