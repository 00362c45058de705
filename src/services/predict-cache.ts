/** Predictions that may have the response of an equal one: which they are, and what of a response is kept for them. */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type {
  InferRequest,
  KeepableVersion,
  ModelStatus,
  PredictBackend,
} from "#backends/backend.ts";
import type { CacheMetrics } from "#cache/metric-families.ts";
import type { Piece, Source } from "#cache/piece.ts";
import type { Reading, ResponseCache } from "#cache/response-cache.ts";
import type { Clock } from "#core/clock.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { inTurns, turns } from "#core/turns.ts";
import { PredictResponseSchema } from "#gen/polygate/v1/predict_pb.js";
import { keeperOf } from "#interceptors/caller.ts";
import { callRecordKey } from "#interceptors/context.ts";
import type { RoutedCall } from "#routing/dispatch.ts";
import { backendCallOf, sharedCallOf } from "./backend-call.ts";
import { digestOf, keptHeaders, setKeptHeaders, tellResult, wishOf } from "./cache-terms.ts";
import type { ModelRun } from "./model-run.ts";
import { tensorFromWire, tensorToWire } from "./tensors.ts";

/** Which predictions are answered from the cache: those of models whose owner says so. */
export interface PredictCacheOptions {
  /** None is when it is off. */
  readonly enabled: boolean;
  /** Callers get each other's responses. */
  readonly isShared: boolean;
}

/** What it needs of its surroundings. */
export interface PredictCacheDeps {
  readonly cache: ResponseCache;
  readonly backend: PredictBackend;
  readonly metrics: CacheMetrics;
  readonly clock: Clock;
}

/** What a prediction asks for; its model is given separately. */
export type CachedRequest = Omit<InferRequest, "model">;

/** What makes predictions equal. */
export interface PredictKeyFacts {
  /** Whose they are; empty where all share. */
  readonly caller: string;
  readonly model: string;
  readonly version: KeepableVersion;
  readonly inputs: readonly NamedTensor[];
  /** The name of the model's only input, for which an empty one stands. */
  readonly onlyInput?: string | undefined;
}

function* fieldsOf({ caller, model, version, inputs, onlyInput }: PredictKeyFacts) {
  yield* [caller, model, version.pool ?? "", version.version, version.load];
  const named = inputs.map((input) => ({ ...input, name: input.name || (onlyInput ?? "") }));
  // Inputs go by their names: a model is given them in its own order.
  for (const { name, datatype, shape, bytes } of named.toSorted(byName)) {
    yield* [name, datatype, shape.join(), bytes];
  }
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  if (one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
}

/**
 * The key of a prediction. What is kept are all outputs as the model made them, so that whatever a
 * request says of the outputs that it wants, and of how they are read, is no part of it.
 */
export async function predictKey(facts: PredictKeyFacts): Promise<string> {
  return `predict ${await inTurns(digestOf(fieldsOf(facts)), turns)}`;
}

/** Finds out for each prediction whether the cache may answer it. */
export class PredictCache {
  readonly #options: PredictCacheOptions;
  readonly #deps: PredictCacheDeps;

  constructor(options: PredictCacheOptions, deps: PredictCacheDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** The cache for one prediction; undefined when it is to be run in any case. Throws REQUEST_INVALID for a wish that is none. */
  async for(
    status: ModelStatus,
    request: CachedRequest,
    context: HandlerContext,
  ): Promise<CachedRun | undefined> {
    const { clock } = this.#deps;
    const startMs = clock.nowMs();
    const wish = wishOf(context);
    const { enabled, isShared } = this.#options;
    const isWanted = enabled && wish !== "no-store";
    const version = isWanted ? await this.#versionOf(status, request, context) : undefined;
    if (version === undefined) {
      if (wish !== undefined) tellResult("bypass", context, this.#deps.metrics);
      return undefined;
    }
    const [input, ...others] = status.inputs;
    const key = await predictKey({
      caller: isShared ? "" : keeperOf(context.values),
      model: status.name,
      version,
      inputs: request.inputs,
      onlyInput: others.length === 0 ? input?.name : undefined,
    });
    const refresh = wish === "refresh";
    const facts = { ...this.#deps, context, status, version, key, refresh, startMs };
    return new CachedRun(facts);
  }

  async #versionOf(
    status: ModelStatus,
    { version, label = "" }: CachedRequest,
    context: HandlerContext,
  ): Promise<KeepableVersion | undefined> {
    const ref = { model: status.name, version, label };
    return await this.#deps.backend.keepable?.(status, ref, backendCallOf(context));
  }
}

/** What one prediction knows of the cache. */
interface CachedRunFacts extends PredictCacheDeps {
  readonly context: HandlerContext;
  readonly status: ModelStatus;
  /** The version whose response it may have. */
  readonly version: KeepableVersion;
  readonly key: string;
  readonly refresh: boolean;
  /** When it was asked for. */
  readonly startMs: number;
}

/** One prediction that the cache may answer. */
export class CachedRun {
  readonly #facts: CachedRunFacts;

  constructor(facts: CachedRunFacts) {
    this.#facts = facts;
  }

  /** What the model makes of it; `make` runs the model, in the version that is given. */
  async run(make: (call: RoutedCall, settled: string) => Promise<ModelRun>): Promise<ModelRun> {
    const { cache, context, status, key, refresh, version, metrics } = this.#facts;
    let made: ModelRun | undefined;
    const open = async function* (this: CachedRun, signal: AbortSignal): Source {
      // Others may wait for the response when this call's own client has left.
      made = await make(sharedCallOf(context, signal), version.version);
      yield { message: bytesOf(made), headers: keptHeaders(context) };
      // Whoever stood in has answered for itself, and not for the version that is meant.
      return made.version === version.version && made.pool === version.pool;
    }.bind(this);
    const { signal } = context;
    // What a model of this process was loaded from, other processes cannot know.
    const isShared = version.load === "";
    const reading = await cache.find({ key, model: status.name, refresh, isShared, signal, open });
    const { result } = reading;
    tellResult(result, context, metrics);
    if (result === "miss") this.#count(result, version.version);
    const first = await this.#firstOf(reading);
    if (result === "miss" && made !== undefined) return made;
    if (first === undefined) throw new TypeError("a response has one piece");
    setKeptHeaders(first, context);
    const run = this.#runOf(first);
    this.#count(result, run.version);
    return run;
  }

  /** The only piece of a response, once that has ended. Waiting for another call's run is no time of the gateway's own. */
  async #firstOf({ pieces, inProgress }: Reading): Promise<Piece | undefined> {
    const { clock, context } = this.#facts;
    const startMs = clock.nowMs();
    let first: Piece | undefined;
    try {
      for await (const piece of pieces) first ??= piece;
    } finally {
      const record = context.values.get(callRecordKey);
      if (inProgress) record.upstreamMs = (record.upstreamMs ?? 0) + clock.nowMs() - startMs;
    }
    return first;
  }

  /** A run that was kept, of which no time went by. */
  #runOf({ message }: Piece): ModelRun {
    const { version, backend, outputs } = fromBinary(PredictResponseSchema, message);
    return {
      ...{ version, backend, queueMs: 0, computeMs: 0, pool: undefined },
      outputs: outputs.map((output, at) => tensorFromWire(output, `outputs[${at}]`)),
    };
  }

  #count(result: "hit" | "miss", version: string): void {
    const { backend, clock, startMs, status } = this.#facts;
    const { name: model } = status;
    const ms = clock.nowMs() - startMs;
    backend.observe?.({ model, version, cache: { result, ms } });
  }
}

/** All outputs in binary form. */
function bytesOf({ version, backend, outputs }: ModelRun): Uint8Array {
  const wire = outputs.map((output) => tensorToWire(output, false));
  return toBinary(
    PredictResponseSchema,
    create(PredictResponseSchema, { version, backend, outputs: wire }),
  );
}
