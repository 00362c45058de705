/** Runs ONNX models inside this process, on worker threads, or in processes of their own. */

import type { ModelStatus, PredictBackend } from "#backends/backend.ts";
import { Statistics } from "#backends/inference-statistics.ts";
import type { Clock } from "#core/clock.ts";
import { type Rng, systemRng } from "#core/rng.ts";
import { HostedModels } from "./hosted-models.ts";
import { Inferences } from "./inferences.ts";
import { type ModelRepository, modelRepository, type Stray } from "./repository.ts";
import { createServingOpener } from "./serving.ts";
import { Shadows } from "./shadows.ts";
import { watchRepository } from "./watcher.ts";
import {
  createWorkerPool,
  type PoolStats,
  type WorkerPool,
  type WorkerPoolOptions,
} from "./worker-pool.ts";
import { type StartWorkerThread, startWorkerThread } from "./worker-thread.ts";

/** Where models are and how much may run. */
export interface OnnxOptions extends WorkerPoolOptions {
  /** Path of the model repository. */
  readonly repositoryPath: string;
  /** How often the repository is looked at for changes, in milliseconds; 0 or absent: never. */
  readonly watchMs?: number;
}

/** What the backend takes from outside. */
export interface OnnxDeps {
  readonly clock: Clock;
  /** Chance, which splits and shadows need. Default: the system's. */
  readonly rng?: Rng;
  /** Notified when a model's state or version has changed, until the backend is disposed; must not throw. */
  onChange?(status: ModelStatus): void;
  /** Notified of what looks like a model and is not read; must not throw. */
  onStray?(stray: Stray): void;
  /** Where inferences are counted, perhaps with those of others. Default: its own. */
  readonly statistics?: Statistics;
  /** Default: a thread that runs ONNX Runtime. */
  readonly startThread?: StartWorkerThread;
  /** Runs inferences; disposed with the backend. Default: workers of its own. */
  readonly pool?: WorkerPool | undefined;
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
  const { clock, rng = systemRng, startThread = startWorkerThread } = deps;
  const { statistics = new Statistics(clock) } = deps;
  const { queueMax, watchMs: everyMs = 0 } = options;
  const repository = modelRepository(options.repositoryPath);
  const { names, strays } = await repository.survey();
  // Before anything is read, so that no change between the two is missed.
  const first = everyMs === 0 ? undefined : await stampsOf(repository, names);
  const onStray = (stray: Stray) => deps.onStray?.(stray);
  strays.forEach(onStray);
  const shadows = new Shadows(statistics);
  const { pool = createWorkerPool(options, { clock, startThread }) } = deps;
  const opener = createServingOpener({ repository, pool, clock, queueMax });
  const closing = new AbortController();
  const { signal } = closing;
  const onChange = (status: ModelStatus) => {
    if (!signal.aborted) deps.onChange?.(status);
  };
  const models = new HostedModels({ repository, opener, rng, onChange, onStray });
  const { loaded } = await models.open(names);
  const look = async () => await stampsOf(repository, (await repository.survey()).names);
  const follow = (name: string) => models.follow(name);
  const watching =
    first && watchRepository(first, { look, onChange: follow }, { everyMs, clock, signal });
  const inferences = new Inferences({ models, clock, observer: statistics, shadows });

  return {
    kind: "onnx",
    models: () => models.statuses,
    find: (nameOrAlias) => models.find(nameOrAlias),
    keepable: async ({ name }, ref) => inferences.keepable({ ...ref, model: name }),
    infer: (request, call) => inferences.infer(request, call),
    embed: (request, call) => inferences.embed(request, call),
    load: (name, version) => models.load(name, version),
    unload: (name) => models.unload(name),
    reload: (name) => models.reload(name),
    statistics: () => statistics.all(),
    observe: (handling) => statistics.onHandling(handling),
    async ready() {
      await loaded;
    },
    stats: pool.stats,
    async [Symbol.asyncDispose]() {
      closing.abort();
      shadows[Symbol.dispose]();
      await Promise.all([pool[Symbol.asyncDispose](), opener[Symbol.asyncDispose]()]);
      await Promise.all([loaded, watching]);
    },
  };
}

/** What tells whether models have changed, by name. */
async function stampsOf(
  repository: ModelRepository,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const stamps = names.map(async (name) => [name, await repository.stamp(name)] as const);
  return new Map(await Promise.all(stamps));
}
