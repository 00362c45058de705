/** Which backends a model's name means, for predictions: this process and groups of servers, in order. */

import { ConnectError } from "@connectrpc/connect";
import type {
  BackendCall,
  EmbedTexts,
  InferHandling,
  InferRequest,
  InferResponse,
  InferStatistics,
  KeepableVersion,
  ModelRef,
  ModelServer,
  ModelStatus,
  PredictBackend,
  TextVectors,
} from "#backends/backend.ts";
import { failureOf, type Statistics } from "#backends/inference-statistics.ts";
import { wordsOf } from "#backends/model-server-status.ts";
import { type Clock, timeLimit } from "#core/clock.ts";
import { fault, infoMetadataOf, reasonOf, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Pool, type PoolDeps } from "#pool/pool.ts";
import type { AttemptCall, Dispatch, RoutedCall } from "#routing/dispatch.ts";
import { poolNode } from "#routing/pool-route.ts";
import type { RouteNode } from "#routing/route.ts";
import { FallbackNode, type TreeRouteTerms, treeRoute } from "#routing/tree.ts";
import { localServer } from "./local-server.ts";
import type { PredictGroup } from "./predict-group.ts";

/** What a catalog is made of. */
export interface PredictCatalogOptions {
  /** Models of this process; its owner's. */
  readonly local: PredictBackend;
  /** In the order in which they are asked; their pools are their owner's. */
  readonly groups: readonly PredictGroup[];
  readonly dispatch: Dispatch;
  readonly terms: TreeRouteTerms;
  /** Where inferences are counted, those of `local` among them. */
  readonly statistics: Statistics;
}

/** One thing that is asked for a model. */
interface Step {
  readonly node: RouteNode<ModelServer>;
  /** Undefined: this process. */
  readonly group: PredictGroup | undefined;
}

/** A failed try, and whose it was; undefined is this process. */
interface Failure {
  readonly group: PredictGroup | undefined;
  readonly error: ConnectError;
}

/** Nothing of a prediction is priced by tokens. */
const ask = { promptTokens: 0, outputTokens: 0 };
/** What is in this process needs no probes. */
const localProbes = { healthIntervalMs: 3_600_000, healthTimeoutMs: 1_000 };
/** Characters of a server's word for a version that statistics know it by. */
const versionLengthMax = 64;
/** Models that a group is asked about at one time. */
const describedMax = 16;

/**
 * The models of this process and those of servers under one contract. Without groups every call goes
 * straight to this process; with some it is routed: tried again, and passed on to the next that may
 * have the model. Loading and unloading are for this process alone.
 */
export class PredictCatalog implements PredictBackend {
  readonly kind: string;
  readonly groups: readonly PredictGroup[];
  readonly #local: PredictBackend;
  readonly #localPool: Pool<ModelServer>;
  readonly #localNode: (model: string) => RouteNode<ModelServer>;
  readonly #byPool: ReadonlyMap<string, PredictGroup>;
  readonly #dispatch: Dispatch;
  readonly #terms: TreeRouteTerms;
  readonly #statistics: Statistics;
  readonly #clock: Clock;

  constructor(
    { local, groups, dispatch, terms, statistics }: PredictCatalogOptions,
    deps: PoolDeps,
  ) {
    this.#local = local;
    this.#statistics = statistics;
    this.#clock = deps.clock;
    this.#dispatch = dispatch;
    this.#terms = terms;
    this.kind = local.kind;
    this.groups = groups;
    this.#byPool = new Map(groups.map((group) => [group.name, group]));
    const members =
      groups.length === 0 ? [] : [{ id: local.kind, weight: 1, backend: localServer(local) }];
    const { clock, rng, onEjection = () => {} } = deps;
    const about = { name: local.kind, members, ...localProbes };
    const pool = new Pool<ModelServer>(about, { clock, rng, onEjection });
    this.#localPool = pool;
    this.#localNode = (model) =>
      poolNode({ pool, balancer: ([only]) => only.id, algorithm: "local", rng }, model);
  }

  /** Whether calls are routed: there is more than this process. */
  get isRouted(): boolean {
    return this.groups.length > 0;
  }

  /** Every model that is known, each once, sorted by name: of what is here and elsewhere, what is here counts. */
  models(): readonly ModelStatus[] {
    const byName = new Map(this.#local.models().map((status) => [status.name, status]));
    for (const status of this.groups.flatMap((group) => group.models())) {
      if (!byName.has(status.name)) byName.set(status.name, status);
    }
    return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The models of this process. */
  localModels(): readonly ModelStatus[] {
    return this.#local.models();
  }

  /** The model of this name or alias, as far as it is known without asking anybody; see `status`. */
  find(nameOrAlias: string): ModelStatus | undefined {
    const local = this.#local.find(nameOrAlias);
    if (local !== undefined) return local;
    for (const group of this.groups) {
      const known = group.known(nameOrAlias);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /**
   * The model of this name or alias. What this process has is reported as it is here, for its model.yaml
   * holds wherever it runs; else servers are asked. Rejects with MODEL_UNKNOWN when nobody has it, else
   * as those failed that might.
   */
  async status(ref: ModelRef, call: BackendCall): Promise<ModelStatus> {
    const local = this.#local.find(ref.model);
    if (local !== undefined && (!this.isRouted || has(local, ref))) return local;
    let failure: ConnectError | undefined;
    for (const group of this.groups) {
      if (!group.mayHave(ref)) continue;
      try {
        return { ...(await group.ask(ref, call)), name: ref.model, group: group.name };
      } catch (thrown) {
        const error = faultFrom(thrown);
        if (!isMissing(error)) failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    if (local !== undefined) return local;
    throw unknown(ref);
  }

  /** See PredictBackend: as whoever would be asked first has said. It names no group, which has to be asked what it has now. */
  recent(ref: ModelRef): ModelStatus | undefined {
    const local = this.#local.find(ref.model);
    if (local !== undefined && (!this.isRouted || has(local, ref))) return undefined;
    return this.groups.find((group) => group.mayHave(ref))?.recent(ref);
  }

  /** See PredictBackend: the version of whoever is asked first. */
  async keepable(
    status: ModelStatus,
    ref: ModelRef,
    call: BackendCall,
  ): Promise<KeepableVersion | undefined> {
    if (!this.isRouted) return await this.#local.keepable?.(status, ref, call);
    const local = this.#local.find(ref.model);
    const [group] = this.#order(ref, local);
    if (group !== undefined) return await group.keepable(status, ref, call);
    const version = local && (await this.#local.keepable?.(local, ref, call));
    return version && { ...version, pool: this.#localPool.name };
  }

  /** See PredictBackend; `request.model` may be an alias. */
  async infer(request: InferRequest, call: RoutedCall): Promise<InferResponse> {
    if (!this.isRouted) return await this.#local.infer(request, call);
    const steps = this.#steps(request);
    if (steps.length === 0) throw unknown(request);
    const failures: Failure[] = [];
    // Who was asked last; before anyone was, who would be.
    let asked = steps[0]?.group;
    const work = async (server: ModelServer, attempt: AttemptCall) => {
      const group = this.#byPool.get(attempt.pool);
      asked = group;
      const own = { ...request, model: attempt.model };
      try {
        return await (group?.infer(server, own, attempt) ?? server.infer(own, attempt));
      } catch (thrown) {
        const error = faultFrom(thrown);
        failures.push({ group, error });
        if (isMissing(error) && !isHereSoon(error)) group?.missed(attempt.endpoint, request);
        throw thrown;
      }
    };
    const route = treeRoute(new FallbackNode(request.model, steps), ask, this.#terms);
    const startMs = this.#clock.nowMs();
    try {
      const done = await this.#dispatch.call(route, work, call);
      if (asked !== undefined) this.#countDone(request, done, startMs);
      return done;
    } catch (thrown) {
      const error = told(faultFrom(thrown), failures, steps, request);
      if (asked !== undefined) this.#countFailed(request, { group: asked, error }, startMs);
      throw error;
    }
  }

  /** A server answered. Its batches are its own affair: what it was asked counts as one run of one row. */
  #countDone({ model }: ModelRef, done: InferResponse, startMs: number): void {
    const { queueMs, computeMs } = done;
    const version = keptVersion(done.version);
    const totalMs = this.#clock.nowMs() - startMs;
    this.#statistics.onRun({ model, version, rows: 1, computeMs });
    this.#statistics.onSuccess({ model, version, totalMs, queueMs, computeMs });
  }

  /** Servers failed, the last of them of this group. What nobody has is no model to count for. */
  #countFailed(
    ref: ModelRef,
    { group, error }: { readonly group: PredictGroup; readonly error: ConnectError },
    startMs: number,
  ): void {
    if (reasonOf(error) === "MODEL_UNKNOWN") return;
    this.#statistics.onFail({
      model: ref.model,
      version: keptVersion(ref.version || group.versionOf(ref)),
      totalMs: this.#clock.nowMs() - startMs,
      failure: failureOf(error),
    });
  }

  /** Asks all groups about all that they have, for at most `capMs`: what is not told by then is as it was known. */
  async refresh(capMs: number, signal: AbortSignal): Promise<void> {
    using limit = timeLimit(capMs, signal);
    const call = { signal: limit.signal, requestId: "" };
    await Promise.all(this.groups.map((group) => group.refresh(call, describedMax)));
  }

  async load(model: string, version: string): Promise<ModelStatus> {
    this.#checkHere(model);
    return await this.#local.load(model, version);
  }

  async unload(model: string): Promise<ModelStatus> {
    this.#checkHere(model);
    return await this.#local.unload(model);
  }

  /** Reads a model of this process again, and asks servers again what theirs takes. */
  async reload(model: string): Promise<ModelStatus> {
    for (const group of this.groups) group.forget(model);
    this.#checkHere(model);
    return await this.#local.reload(model);
  }

  /** Vectors of texts, which models of this process alone make. */
  async embed(request: EmbedTexts, call: BackendCall): Promise<TextVectors> {
    const done = this.#local.embed?.(request, call);
    if (done !== undefined) return await done;
    throw fault("OPERATION_UNSUPPORTED", `model "${request.model}" makes no embeddings`);
  }

  /** What models have done, of this process and of servers, as it was seen from here. */
  statistics(): readonly InferStatistics[] {
    return this.#statistics.all();
  }

  observe(handling: InferHandling): void {
    this.#statistics.onHandling({ ...handling, version: keptVersion(handling.version) });
  }

  /** Closes what it made itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#localPool[Symbol.asyncDispose]();
  }

  /** Throws OPERATION_UNSUPPORTED for a model that servers alone have. */
  #checkHere(model: string): void {
    if (this.#local.find(model) !== undefined) return;
    const group = this.groups.find((one) => one.known(model) !== undefined);
    if (group === undefined) return;
    const message = `model "${model}" is on "${group.name}", which loads its models by itself`;
    throw fault("OPERATION_UNSUPPORTED", message);
  }

  /** What is asked for a model, in this order. */
  #steps(ref: ModelRef): readonly Step[] {
    const local = this.#local.find(ref.model);
    return this.#order(ref, local).map((group) => ({
      group,
      node: group?.node(ref) ?? this.#localNode(local?.name ?? ref.model),
    }));
  }

  /** Who is asked for a model, in this order; undefined is this process. `local` is the model as it is here. */
  #order(ref: ModelRef, local: ModelStatus | undefined): readonly (PredictGroup | undefined)[] {
    const able = this.groups.filter((group) => group.mayHave(ref));
    const preferred = able.filter((group) => group.prefers(ref.model));
    const others = able.filter((group) => !group.prefers(ref.model));
    if (local === undefined) return [...preferred, ...others];
    const here = undefined;
    // What cannot serve is asked last, for the words of its failure.
    const isAble = local.state === "available" || local.state === "loading";
    return isAble ? [...preferred, here, ...others] : [...preferred, ...others, here];
  }
}

/** What statistics keep of a version, which may be a server's word of any length. */
function keptVersion(version: string): string {
  return version.slice(0, versionLengthMax);
}

function unknown(ref: ModelRef): ConnectError {
  const { model, version, label = "" } = ref;
  const isPlain = version === "" && label === "";
  const message = isPlain ? `there is no model named "${model}"` : `there is no ${wordsOf(ref)}`;
  const field = isPlain ? "model" : "version";
  const description = isPlain ? "the name or alias of a model" : "a version, or a label of one";
  return fault("MODEL_UNKNOWN", message, { fields: [{ field, description }] });
}

/** Whether a model has the version that is meant, as far as it lists them. */
function has({ version, versions, labels = {} }: ModelStatus, wanted: ModelRef): boolean {
  const { label = "" } = wanted;
  if (label !== "") return Object.hasOwn(labels, label);
  if (wanted.version === "" || wanted.version === version) return true;
  return versions?.some((one) => one.version === wanted.version) === true;
}

function isMissing(error: ConnectError): boolean {
  return reasonOf(error) === "BACKEND_MODEL_MISSING";
}

/** Whether who lacks a model knows it, and says why in `cause`: it is being loaded, or was unloaded. */
function isHereSoon(error: ConnectError): boolean {
  return error.cause instanceof ConnectError;
}

/**
 * What a caller learns: the last failure, unless it only says that a stand-in has no such model, or
 * takes other inputs. Where nobody has it, and one that might does not answer, nobody knows.
 */
function told(
  last: ConnectError,
  failures: readonly Failure[],
  steps: readonly Step[],
  ref: ModelRef,
): ConnectError {
  const first = failures.find(({ error }) => !isMissing(error));
  const isStandIn = reasonOf(last) === "TENSOR_INVALID" && first?.group !== failures.at(-1)?.group;
  if (!isMissing(last) && !isStandIn) return last;
  if (first !== undefined) return withMetadata(first.error, infoMetadataOf(last));
  const away = steps.find(({ group }) => group?.pool.candidates().length === 0)?.group;
  if (away !== undefined) {
    const message = `no server that answers has ${wordsOf(ref)}, and no endpoint of "${away.name}" is healthy`;
    return fault("POOL_EMPTY", message, { cause: away.pool.causeOfSickness() });
  }
  const own = failures.find(({ error }) => isHereSoon(error))?.error.cause;
  return own instanceof ConnectError ? own : unknown(ref);
}
