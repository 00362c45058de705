/** Runs ONNX models inside this process, on worker threads. */

import type { ModelStatus, PredictBackend } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { createAliasTable } from "./alias-table.ts";
import { HostedModel } from "./hosted-model.ts";
import { checkInputs } from "./inputs.ts";
import { modelRepository, type Stray } from "./repository.ts";
import { createWorkerPool, type PoolStats, type WorkerPoolOptions } from "./worker-pool.ts";
import { type StartWorkerThread, startWorkerThread } from "./worker-thread.ts";

/** Where models are and how much may run. */
export interface OnnxOptions extends WorkerPoolOptions {
  /** Path of the model repository. */
  readonly repositoryPath: string;
}

/** What the backend takes from outside. */
export interface OnnxDeps {
  readonly clock: Clock;
  /** Notified when a model's state or version has changed, until the backend is disposed; must not throw. */
  onChange?(status: ModelStatus): void;
  /** Notified at the start of what looks like a model and is not read; must not throw. */
  onStray?(stray: Stray): void;
  /** Default: a thread that runs ONNX Runtime. */
  readonly startThread?: StartWorkerThread;
}

/** A predict backend with a repository and workers of its own. */
export interface OnnxBackend extends PredictBackend {
  /** Resolves when each model that was there at the start has been loaded or has failed. */
  ready(): Promise<void>;
  stats(): PoolStats;
}

/**
 * Reads the repository and starts to load its models; does not wait for them, but calls do. Throws
 * MODEL_LOAD_FAILED when there is no repository; a broken model is listed as failed.
 */
export async function createOnnxBackend(
  options: OnnxOptions,
  deps: OnnxDeps,
): Promise<OnnxBackend> {
  const { clock, startThread = startWorkerThread } = deps;
  const repository = modelRepository(options.repositoryPath);
  const { names, strays } = await repository.survey();
  for (const stray of strays) deps.onStray?.(stray);
  const pool = createWorkerPool(options, { clock, startThread });
  const models = new Map<string, HostedModel>();
  const aliases = createAliasTable((name) => models.has(name));
  let disposed = false;
  const onChange = (status: ModelStatus) => {
    if (!disposed) deps.onChange?.(status);
  };
  const host = (name: string) => new HostedModel(name, { repository, pool, aliases, onChange });
  for (const name of names) models.set(name, host(name));
  // One after the other: of two models that want the same alias the first by name has it.
  for (const model of models.values()) await model.announce();
  const firstLoads = Promise.allSettled(models.values().map((model) => model.load("")));

  function hosted(name: string): HostedModel {
    const model = models.get(name);
    if (model === undefined) throw fault("MODEL_UNKNOWN", `no model named "${name}"`);
    return model;
  }

  /** Hosts a model that was put into the repository after the start. */
  async function adopt(name: string): Promise<void> {
    await repository.read(name);
    const owner = aliases.find(name);
    if (owner !== undefined) {
      throw fault("MODEL_LOAD_FAILED", `the name "${name}" is an alias of model "${owner}"`);
    }
    if (!models.has(name)) models.set(name, host(name));
  }

  async function servingFor(name: string, version: string, signal: AbortSignal) {
    const serving = await hosted(name).serving(signal);
    if (version === "" || version === serving.version) return serving;
    const instead = `version "${serving.version}" is`;
    throw fault(
      "MODEL_NOT_LOADED",
      `version "${version}" of model "${name}" is not loaded, ${instead}`,
    );
  }

  return {
    kind: "onnx",
    models: () => Array.from(models.values(), ({ status }) => status).sort(byName),
    find(nameOrAlias) {
      const name = models.has(nameOrAlias) ? nameOrAlias : aliases.find(nameOrAlias);
      return name === undefined ? undefined : hosted(name).status;
    },
    async infer({ model, version, inputs }, { signal }) {
      try {
        const { key, rowsMax, signature, ...serving } = await servingFor(model, version, signal);
        const checked = checkInputs(inputs, signature.inputs);
        const inferred = await pool.run({ key, inputs: checked, rowsMax }, signal);
        return { ...inferred, version: serving.version };
      } catch (error) {
        throw faultFrom(error);
      }
    },
    async load(name, version) {
      if (!models.has(name)) await adopt(name);
      const model = hosted(name);
      await model.load(version);
      return model.status;
    },
    async unload(name) {
      const model = hosted(name);
      await model.unload();
      return model.status;
    },
    async reload(name) {
      const model = hosted(name);
      try {
        await model.reload();
      } catch (error) {
        if (reasonOf(faultFrom(error)) !== "MODEL_UNKNOWN" || (await repository.has(name)))
          throw error;
        await model.unload();
        models.delete(name);
        aliases.claim(name, []);
        const gone = `model "${name}" is no longer in the repository, and was unloaded`;
        throw fault("MODEL_UNKNOWN", gone);
      }
      return model.status;
    },
    async ready() {
      await firstLoads;
    },
    stats: pool.stats,
    async [Symbol.asyncDispose]() {
      disposed = true;
      await pool[Symbol.asyncDispose]();
      await firstLoads;
    },
  };
}

function byName(a: ModelStatus, b: ModelStatus): number {
  return a.name < b.name ? -1 : 1;
}
