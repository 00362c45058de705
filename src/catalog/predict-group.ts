/** Servers of models that stand in for each other: their pool, and what they said of each model. */

import type { ConnectError } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type {
  BackendCall,
  InferRequest,
  InferResponse,
  KeepableVersion,
  ModelRef,
  ModelServer,
  ModelStatus,
} from "#backends/backend.ts";
import { wordsOf } from "#backends/model-server-status.ts";
import { checkInputs } from "#backends/onnx/inputs.ts";
import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { failureClassOf } from "#errors/failure-class.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { plainSpec } from "#inference/model-spec.ts";
import type { Lease } from "#pool/lease.ts";
import type { Pool } from "#pool/pool.ts";
import type { Balancer } from "#routing/candidate.ts";
import { poolNode } from "#routing/pool-route.ts";
import type { RouteNode } from "#routing/route.ts";

/** What makes a group. */
export interface PredictGroupOptions {
  /** Word for the kind of its servers, such as tensorflow. */
  readonly kind: string;
  /** Its name is the group's; the pool is its owner's. */
  readonly pool: Pool<ModelServer>;
  readonly balancer: Balancer;
  /** The balancer's name, for reports. */
  readonly algorithm: string;
  /** Models that are listed before anybody asks for them; servers need not be able to list theirs. */
  readonly models: readonly string[];
  /** Names of this gateway's for models, and the servers' own for them. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Models that this group is asked for before those of this process. */
  readonly preferred: readonly string[];
  /** Models whose responses equal requests may have. */
  readonly cached: readonly string[];
  readonly clock: Clock;
  readonly rng: Rng;
}

/** Most models and versions of a group that are remembered. */
const knownMax = 1_000;
/** How long what a server said of a model is believed. */
const freshMs = 10_000;
/** How long an endpoint is not asked again for a model that it did not have. */
const missingMs = 2_000;

/** What was said of a model, and when. */
interface Known {
  readonly status: ModelStatus;
  readonly atMs: number;
}

/** One group. */
export class PredictGroup {
  readonly kind: string;
  readonly pool: Pool<ModelServer>;
  readonly #options: PredictGroupOptions;
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #preferred: ReadonlySet<string>;
  readonly #cached: ReadonlySet<string>;
  /** What servers said last, by name and version. */
  readonly #known = new LRUCache<string, Known>({ max: knownMax });
  /** When an endpoint did not have a model, by endpoint, name and version. */
  readonly #missing = new LRUCache<string, number>({ max: knownMax });

  constructor(options: PredictGroupOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.pool = options.pool;
    this.#aliases = new Map(Object.entries(options.aliases));
    this.#preferred = new Set(options.preferred);
    this.#cached = new Set(options.cached);
  }

  get name(): string {
    return this.pool.name;
  }

  /** Whether it is asked for a model before those of this process. */
  prefers(name: string): boolean {
    return this.#preferred.has(name);
  }

  /** A model by the servers' own name. */
  ownRef(ref: ModelRef): ModelRef {
    return { ...ref, model: this.#aliases.get(ref.model) ?? ref.model };
  }

  /** Whether a model may be there: not every endpoint has just said that it is not. */
  mayHave(ref: ModelRef): boolean {
    return this.#mayHave(this.ownRef(ref));
  }

  /** The endpoints as a node of a route tree for one model. */
  node(ref: ModelRef): RouteNode<ModelServer> {
    const own = this.ownRef(ref);
    return poolNode(this.#options, own.model, (id) => this.#lacks(id, own));
  }

  /** What was said last of a model, by the gateway's name for it; undefined when nothing was. */
  known(name: string): ModelStatus | undefined {
    const known = this.#known.get(keyOf(this.ownRef({ model: name, version: "" })));
    return known === undefined ? undefined : { ...known.status, name };
  }

  /** What was just said of a model that serves; undefined when it has to be asked for. */
  recent(ref: ModelRef): ModelStatus | undefined {
    const status = this.#recent(this.ownRef(ref));
    return status && { ...status, name: ref.model };
  }

  #recent(own: ModelRef): ModelStatus | undefined {
    const known = this.#known.get(keyOf(own));
    const isFresh = known !== undefined && this.#nowMs - known.atMs < freshMs;
    return isFresh && known.status.state === "available" ? known.status : undefined;
  }

  /** The version that a request without a number meant when it was asked last; empty when it never was. */
  versionOf(ref: ModelRef): string {
    return this.#known.peek(keyOf(this.ownRef(ref)))?.status.version ?? "";
  }

  /** Models of which something is known, and those that were listed, sorted by name. */
  models(): readonly ModelStatus[] {
    const names = new Set(this.#options.models);
    const own = new Set(this.#aliases.values());
    for (const name of this.#aliases.keys()) names.add(name);
    for (const [key, { status }] of this.#known.entries()) {
      if (key === keyOf({ model: status.name, version: "" }) && !own.has(status.name)) {
        names.add(status.name);
      }
    }
    return [...names].toSorted(byText).map((name) => this.known(name) ?? this.#unheard(name));
  }

  /** Asks about all models that are known or that a server lists, so many at one time. What fails stays as it was known. */
  async refresh(call: BackendCall, atOnceMax: number): Promise<void> {
    const known = this.models().map(({ name }) => this.ownRef({ model: name, version: "" }).model);
    const nobody = { model: "", version: "" };
    const listed = this.#anywhere(nobody, call, async (server) => await server.listModels?.(call));
    const names = [...new Set([...known, ...((await listed.catch(() => undefined)) ?? [])])];
    const next = names.slice(0, knownMax).values();
    const askRest = async () => {
      for (const model of next) {
        await this.#ask({ model, version: "" }, call).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: atOnceMax }, askRest));
  }

  /**
   * How a model stands, by its own name, as the first endpoint that has it says. Such questions are no
   * tries of a call. Rejects with BACKEND_MODEL_MISSING when no endpoint has it, POOL_EMPTY when there is
   * none to ask, else as those failed that might.
   */
  async ask(ref: ModelRef, call: BackendCall): Promise<ModelStatus> {
    return await this.#ask(this.ownRef(ref), call);
  }

  #ask(own: ModelRef, call: BackendCall): Promise<ModelStatus> {
    return this.#anywhere(own, call, (server) => this.describe(server, own, call));
  }

  /**
   * See PredictBackend. What the servers said just now counts, and not what they said before: they may
   * have a new version since. One whose number no server tells is not kept.
   */
  async keepable(
    status: ModelStatus,
    ref: ModelRef,
    call: BackendCall,
  ): Promise<KeepableVersion | undefined> {
    if (!this.#cached.has(ref.model)) return undefined;
    const isTold = status.group === this.name;
    const told = isTold ? status : await this.ask(ref, call).catch(() => undefined);
    if (told === undefined || told.version === "" || told.state !== "available") return undefined;
    return { pool: this.name, version: told.version, load: "" };
  }

  async #anywhere<T>(
    own: ModelRef,
    call: BackendCall,
    work: (server: ModelServer) => Promise<T>,
  ): Promise<T> {
    const candidates = this.pool.candidates();
    let failure: ConnectError | undefined;
    for (const { id } of candidates.filter((one) => !this.#lacks(one.id, own))) {
      if (call.signal.aborted) throw faultFrom(call.signal.reason);
      using lease = this.pool.lease(id, own.model);
      try {
        const told = await work(lease.backend);
        lease.settle("ok");
        return told;
      } catch (thrown) {
        const error = this.#failed(lease, own, thrown);
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    if (candidates.length > 0) {
      throw fault("BACKEND_MODEL_MISSING", `no endpoint of "${this.name}" has ${wordsOf(own)}`);
    }
    const cause = this.pool.causeOfSickness();
    throw fault("POOL_EMPTY", `no endpoint of pool "${this.name}" is healthy`, { cause });
  }

  /** Ends a question that failed; undefined when all that was said is that the model is not there. */
  #failed(lease: Lease<ModelServer>, own: ModelRef, thrown: unknown): ConnectError | undefined {
    const error = faultFrom(thrown);
    const reason = reasonOf(error) ?? "INTERNAL";
    lease.settle(failureClassOf(reason) === "connect" ? "lost" : "refused");
    if (reason !== "BACKEND_MODEL_MISSING") return error;
    this.#miss(lease.id, own);
    return undefined;
  }

  /** Asks a server how a model stands, and remembers what it says. `ref` is by the servers' own name. */
  async describe(server: ModelServer, ref: ModelRef, call: BackendCall): Promise<ModelStatus> {
    const status = await server.describe(ref, call);
    this.#known.set(keyOf(ref), { status, atMs: this.#nowMs });
    return status;
  }

  /** An endpoint does not have a model. */
  missed(endpoint: string, ref: ModelRef): void {
    this.#miss(endpoint, this.ownRef(ref));
  }

  #miss(endpoint: string, own: ModelRef): void {
    this.#missing.set(`${endpoint}\n${keyOf(own)}`, this.#nowMs);
    if (!this.#mayHave(own)) this.#known.delete(keyOf(own));
  }

  #mayHave(own: ModelRef): boolean {
    return this.pool.snapshot().some(({ id }) => !this.#lacks(id, own));
  }

  #lacks(endpoint: string, own: ModelRef): boolean {
    const missingAtMs = this.#missing.get(`${endpoint}\n${keyOf(own)}`);
    return missingAtMs !== undefined && this.#nowMs - missingAtMs < missingMs;
  }

  /** Asks a server again the next time. */
  forget(name: string): void {
    const { model } = this.ownRef({ model: name, version: "" });
    for (const [key, { status }] of this.#known.entries()) {
      if (status.name === model) this.#known.delete(key);
    }
    for (const key of this.#missing.keys()) {
      if (key.split("\n")[1] === model) this.#missing.delete(key);
    }
  }

  /** Runs a model on a server once its inputs are such as the model takes. `request` names it by the servers' own name. */
  async infer(
    server: ModelServer,
    request: InferRequest,
    call: BackendCall,
  ): Promise<InferResponse> {
    const key = keyOf(request);
    const inputs = await this.#checked(server, request, call);
    const response = await server.infer({ ...request, inputs }, call);
    const known = this.#known.peek(key);
    if (known !== undefined && response.version !== known.status.version) this.#known.delete(key);
    return { ...response, backend: this.kind };
  }

  /** The inputs in the model's order. A model that has changed since it was asked about is asked about again before its inputs are refused. */
  async #checked(server: ModelServer, request: InferRequest, call: BackendCall) {
    const { inputs } = request;
    const recent = this.#recent(request);
    if (recent !== undefined) {
      try {
        return checked(inputs, recent);
      } catch (thrown) {
        if (reasonOf(faultFrom(thrown)) !== "TENSOR_INVALID") throw thrown;
      }
    }
    const status = await this.describe(server, request, call);
    if (status.state === "available") return checked(inputs, status);
    const text = `model "${status.name}" is ${status.state} on "${this.name}"`;
    const cause = fault("MODEL_NOT_LOADED", text);
    throw fault("BACKEND_MODEL_MISSING", text, { cause });
  }

  #unheard(name: string): ModelStatus {
    const isAway = this.pool.candidates().length === 0;
    return {
      name,
      backend: this.kind,
      state: isAway ? "failed" : "loading",
      version: "",
      ...(isAway ? { error: `no endpoint of "${this.name}" is healthy` } : {}),
      inputs: [],
      outputs: [],
      spec: plainSpec,
    };
  }

  get #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}

function keyOf({ model, version, label = "" }: ModelRef): string {
  return `${model}\n${version}\n${label}`;
}

/** Inputs are checked where their types are known. */
function checked(inputs: InferRequest["inputs"], { name, inputs: specs }: ModelStatus) {
  if (specs.length > 0) return checkInputs(inputs, specs, { areTexts: false });
  const unnamed = inputs.findIndex((input) => input.name === "");
  if (unnamed < 0) return inputs;
  const field = `inputs[${unnamed}].name`;
  const description = `is required: model "${name}" does not say what it takes`;
  throw fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}
