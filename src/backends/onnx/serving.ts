/** A loaded version of a model: what it is, and what runs it. */

import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { openDecoder } from "#inference/image.ts";
import type { ModelSpec } from "#inference/model-spec.ts";
import { imageShape } from "#inference/pixels.ts";
import type { Inference, Inferred } from "./inference-queue.ts";
import type { SessionRequest, SessionSignature } from "./messages.ts";
import { yamlFault } from "./model-yaml.ts";
import { labelsFrom } from "./onnx-metadata.ts";
import type { ModelFolder, ModelRepository } from "./repository.ts";
import { isBatchable } from "./rows.ts";
import type { ServingPlan } from "./serving-plan.ts";
import { signatureProblems } from "./signature-check.ts";
import { textInputName } from "./text-inputs.ts";
import { openTokenizer, type Tokenizer } from "./tokenizer.ts";
import { createWorkerPool, type WorkerPool } from "./worker-pool.ts";
import { startWorkerProcess } from "./worker-process.ts";

/** A version that serves. */
export interface Serving {
  readonly model: string;
  readonly version: string;
  /** Another one each time that the version is loaded. */
  readonly key: string;
  readonly spec: ModelSpec;
  readonly signature: SessionSignature;
  /** What it takes and gives as seen from outside: texts, and vectors of them, where it reads tokens. */
  readonly face: SessionSignature;
  /** What its file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Most rows to run as one. */
  readonly rowsMax: number;
  /** Whether its files have changed since. */
  readonly stamp: string | undefined;
  /** Absent when the model takes no texts. */
  readonly tokenizer: Tokenizer | undefined;
  /** Runs one inference, like `WorkerPool.run`. */
  run(
    inference: Omit<Inference, "key" | "group" | "rowsMax">,
    signal: AbortSignal,
  ): Promise<Inferred>;
  /** Requests that wait for its workers, those of other models included. */
  waiting(): number;
  /** Frees its memory, after the inferences that wait for it. */
  close(): Promise<void>;
}

/** What loading versions depends on. */
export interface ServingDeps {
  readonly repository: ModelRepository;
  /** The workers that models share. */
  readonly pool: WorkerPool;
  readonly clock: Clock;
  /** Rows of one model that may wait. */
  readonly queueMax: number;
}

/** Loads versions. Disposing ends what was started for some of them alone. */
export interface ServingOpener extends AsyncDisposable {
  /** Rejects with MODEL_LOAD_FAILED when the version is not what its model.yaml says. */
  open(model: string, version: string, folder: ModelFolder): Promise<Serving>;
}

/** Loads versions of models into the shared workers, or into processes of their own. */
export function createServingOpener(deps: ServingDeps): ServingOpener {
  const { repository, clock, queueMax } = deps;
  const ownPools = new Set<WorkerPool>();
  let sessions = 0;

  /** Processes for one version. */
  function processPool({ instances = 1, runTimeoutMs, memoryBytesMax }: ServingPlan): WorkerPool {
    const limits = {
      ...(runTimeoutMs !== undefined && { runTimeoutMs }),
      ...(memoryBytesMax !== undefined && { memoryBytesMax }),
    };
    const pool = createWorkerPool(
      { workers: instances, queueMax },
      { clock, startThread: (onExit) => startWorkerProcess(onExit, limits) },
    );
    ownPools.add(pool);
    return pool;
  }

  return {
    async open(model, version, folder) {
      const metadata = await repository.metadata(model, version);
      const spec = withLabels(folder.spec, metadata);
      const tokenizer = await tokenizerOf(repository, { model, version, folder });
      sessions += 1;
      const key = `${model}/${version}#${sessions}`;
      const request = sessionRequest(key, repository.file(model, version), spec);
      const { plan } = folder;
      const isOwn = plan.isolation === "process";
      const pool = isOwn ? processPool(plan) : deps.pool;
      const close = async () => {
        await pool.unload(key);
        if (!isOwn) return;
        ownPools.delete(pool);
        await pool[Symbol.asyncDispose]();
      };
      try {
        const signature = await pool.load(request, plan.instances);
        const problems = signatureProblems({ ...folder, spec }, signature);
        if (problems.length > 0) throw yamlFault(problems, folder.draft);
        if (spec.image !== undefined) await openDecoder();
        const batchable = isBatchable([...signature.inputs, ...signature.outputs]);
        const rowsMax = batchable ? spec.batchMax : 1;
        return {
          ...{ model, version, key, spec, signature, metadata, rowsMax, tokenizer, close },
          face: tokenizer === undefined ? signature : textFace(spec, signature),
          stamp: folder.stamps.get(version),
          waiting: () => pool.stats().queued,
          async run(inference, signal) {
            return await pool.run({ ...inference, key, group: model, rowsMax }, signal);
          },
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...ownPools].map((pool) => pool[Symbol.asyncDispose]()));
    },
  };
}

function sessionRequest(
  key: string,
  file: string,
  { warmUpRuns, image, text }: ModelSpec,
): SessionRequest {
  const request = { key, file, warmUpRuns };
  if (image !== undefined) return { ...request, openShape: imageShape(image) };
  return text === undefined ? request : { ...request, openShape: [1, warmUpTokens] };
}

/** Tokens of the text that a language model is tried with. */
const warmUpTokens = 8;

/** Labels that the file has, where model.yaml has none. */
function withLabels(spec: ModelSpec, metadata: Readonly<Record<string, string>>): ModelSpec {
  const { kind } = spec.meaning;
  const takesLabels = kind === "classification" || kind === "detection";
  return takesLabels && spec.labels.length === 0 ? { ...spec, labels: labelsFrom(metadata) } : spec;
}

function textFace({ meaning }: ModelSpec, { outputs }: SessionSignature): SessionSignature {
  const inputs = [{ name: textInputName, datatype: "BYTES", shape: [-1] }];
  if (meaning.kind !== "embedding") return { inputs, outputs };
  const size = outputs.find(({ name }) => name === meaning.output)?.shape.at(-1) ?? -1;
  return { inputs, outputs: [{ name: meaning.output, datatype: "FP32", shape: [-1, size] }] };
}

async function tokenizerOf(
  repository: ModelRepository,
  {
    model,
    version,
    folder,
  }: Readonly<Record<"model" | "version", string>> & { folder: ModelFolder },
): Promise<Tokenizer | undefined> {
  const { text } = folder.spec;
  if (text === undefined) return undefined;
  const json = await repository.tokenizer(model, version);
  if (json !== undefined) return await openTokenizer(json, text);
  const hint = "put the tokenizer.json of the model next to model.yaml";
  const message = "needs a tokenizer.json, and there is none";
  throw yamlFault([{ path: ["text"], message, hint }], folder.draft);
}

/** Throws TENSOR_INVALID for more rows than may run as one, where there is such a bound. */
export function checkRows(
  rows: number,
  { rowsMax }: Pick<Serving, "rowsMax">,
  input: string,
): void {
  if (rowsMax === 1 || rows <= rowsMax) return;
  const description = `"${input}" has ${rows} rows; the limit of a batch is ${rowsMax} (batch_max of the model)`;
  const field = "inputs[0].shape";
  throw fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}
