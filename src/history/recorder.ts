/** Writes calls down: summed up by time as they end, stored off their path, in batches, in bounds. */

import type { Clock } from "#core/clock.ts";
import {
  bucketText,
  type HistoryBucket,
  type HistorySample,
  HistorySums,
  otherModels,
} from "./bucket.ts";
import type { HistoryStore, Resolution } from "./store.ts";

/** What a recorder is made of. */
export interface RecorderOptions {
  readonly store: HistoryStore;
  readonly resolutions: readonly Resolution[];
  readonly clock: Clock;
  /** Notified when the store begins to fail, and when it works again. */
  onStore?(state: "failing" | "working", cause?: unknown): void;
  /** Notified of calls that the history will lack. */
  onLost?(count: number): void;
  /** Buckets that are not written yet. */
  readonly bucketsMax?: number;
}

/** Pause between two batches. */
const pauseMs = 500;
const bucketsMaxDefault = 10_000;
/** Models of one step and provider that have buckets of their own; further ones share one. */
const modelsMax = 100;
/** A bucket may still change for so long after its step. */
const lateMs = 5_000;
/** Pause between two looks for what is too old. */
const forgetEveryMs = 60_000;
/** Longest name of a model, in characters. */
const nameLengthMax = 256;

/** Names come from clients: what some store would not take keeps all others from being written. */
function cleanName(name: string): string {
  return name
    .slice(0, nameLengthMax)
    .toWellFormed()
    .replaceAll(/[\n\0]/g, " ");
}

/** Takes calls and writes what they sum up to. */
export class HistoryRecorder {
  readonly #options: RecorderOptions;
  readonly #bucketsMax: number;
  /** The buckets that calls went to since the last batch, by provider and model: these need no key. */
  readonly #near = new Map<string, Map<string, HistoryBucket[]>>();
  /** Buckets of the steps that are not over, and those that are not written, in the order of their making. */
  readonly #open = new Map<string, HistoryBucket>();
  readonly #models = new Map<string, Set<string>>();
  #dirty = new Set<string>();
  #isPausing = false;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  #lost = 0;
  #forgottenMs = Number.NEGATIVE_INFINITY;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#bucketsMax = options.bucketsMax ?? bucketsMaxDefault;
  }

  /** Calls that the history lacks. */
  get lost(): number {
    return this.#lost;
  }

  /** The store does not take what is written. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Takes a call. */
  add(sample: HistorySample): void {
    const { wallMs } = sample;
    const buckets = this.#nearOf(sample);
    let index = 0;
    for (const { stepMs } of this.#options.resolutions) {
      const startMs = Math.floor(wallMs / stepMs) * stepMs;
      const known = buckets[index];
      const bucket = known?.startMs === startMs ? known : this.#bucketOf(sample, stepMs, startMs);
      buckets[index] = bucket;
      index += 1;
      bucket.sums.add(sample);
    }
    if (this.#open.size > this.#bucketsMax) this.#bound();
    if (!this.#isPausing) void this.#pause();
  }

  /** Writes what waits; resolves when that is done, or has failed and waits for the next time. */
  async flush(): Promise<void> {
    // What comes while a batch is written goes into the next one.
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #pause(): Promise<void> {
    this.#isPausing = true;
    await this.#options.clock.sleep(pauseMs);
    this.#isPausing = false;
    await this.flush();
    // A store that failed is tried again.
    if (this.#dirty.size > 0 && !this.#isPausing) void this.#pause();
  }

  #lose(count: number): void {
    this.#lost += count;
    this.#options.onLost?.(count);
  }

  #nearOf({ provider, model }: HistorySample): HistoryBucket[] {
    let models = this.#near.get(provider);
    // Names come from clients: too many of them are looked up by key.
    if (models === undefined || models.size >= modelsMax) {
      models = new Map();
      this.#near.set(provider, models);
    }
    let buckets = models.get(model);
    if (buckets === undefined) {
      buckets = [];
      models.set(model, buckets);
    }
    return buckets;
  }

  #bucketOf(sample: HistorySample, stepMs: number, startMs: number): HistoryBucket {
    const provider = cleanName(sample.provider);
    const model = this.#modelOf(cleanName(sample.model), `${stepMs} ${startMs} ${provider}`);
    const key = { stepMs, startMs, provider, model };
    const text = bucketText(key);
    this.#dirty.add(text);
    const known = this.#open.get(text);
    if (known !== undefined) return known;
    const bucket = { ...key, sums: new HistorySums() };
    this.#open.set(text, bucket);
    return bucket;
  }

  /** The model under whose name a call is counted: names are the clients' to choose. */
  #modelOf(model: string, place: string): string {
    const models = this.#models.get(place) ?? new Set();
    this.#models.set(place, models);
    if (models.has(model)) return model;
    if (models.size >= modelsMax) return otherModels;
    models.add(model);
    return model;
  }

  /** Buckets that the store does not take are forgotten, the oldest first. */
  #bound(): void {
    this.#near.clear();
    while (this.#open.size > this.#bucketsMax) {
      const oldest = this.#open.entries().next();
      if (oldest.done) return;
      const [text, { stepMs, sums }] = oldest.value;
      this.#open.delete(text);
      // Every call is in a bucket of each step: it is lost once.
      const isFinest = stepMs === this.#options.resolutions[0]?.stepMs;
      if (this.#dirty.delete(text) && isFinest) this.#lose(sums.requests);
    }
  }

  async #write(): Promise<void> {
    const { store } = this.#options;
    const texts = this.#dirty;
    if (texts.size === 0) return;
    // Whoever comes next marks its bucket as changed again.
    this.#near.clear();
    this.#dirty = new Set();
    try {
      await store.write([...texts].flatMap((text) => this.#open.get(text) ?? []));
      await this.#forget();
      this.#tell("working");
    } catch (thrown) {
      for (const text of texts) if (this.#open.has(text)) this.#dirty.add(text);
      this.#tell("failing", thrown);
    }
    this.#close();
  }

  #tell(state: "failing" | "working", cause?: unknown): void {
    const isFailing = state === "failing";
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    this.#options.onStore?.(state, cause);
  }

  /** Lets go of buckets that are written and that no call belongs to any more. */
  #close(): void {
    const nowMs = this.#options.clock.wallMs();
    for (const [text, { stepMs, startMs }] of this.#open) {
      if (startMs + stepMs + lateMs < nowMs && !this.#dirty.has(text)) this.#open.delete(text);
    }
    for (const place of this.#models.keys()) {
      const [stepMs = 0, startMs = 0] = place.split(" ", 2).map(Number);
      if (startMs + stepMs + lateMs < nowMs) this.#models.delete(place);
    }
  }

  async #forget(): Promise<void> {
    const { store, resolutions, clock } = this.#options;
    if (clock.nowMs() - this.#forgottenMs < forgetEveryMs) return;
    this.#forgottenMs = clock.nowMs();
    for (const { stepMs, keptMs } of resolutions) {
      await store.forget(stepMs, clock.wallMs() - keptMs - stepMs);
    }
  }
}
