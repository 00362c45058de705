/** Writes calls down: off their path, summed up by time, in batches, over a queue that is bounded. */

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
  /** Told when the store begins to fail, and when it works again. */
  onStore?(state: "failing" | "working", cause?: unknown): void;
  /** Told of calls that the history will lack. */
  onLost?(count: number): void;
  /** Calls that wait for the next batch. */
  readonly queueMax?: number;
  /** Buckets that are not written yet. */
  readonly bucketsMax?: number;
}

/** Pause between two batches. */
const pauseMs = 500;
const queueMaxDefault = 10_000;
const bucketsMaxDefault = 10_000;
/** Models of one step and provider that have buckets of their own; further ones share one. */
const modelsMax = 100;
/** A bucket may still change for so long after its step. */
const lateMs = 5_000;
/** Pause between two looks for what is too old. */
const forgetEveryMs = 60_000;
/** Longest name of a model, in characters. */
const nameLengthMax = 256;

/** Names come from clients. */
function cleanName(name: string): string {
  return name.slice(0, nameLengthMax).replaceAll("\n", " ");
}

/** Takes calls and writes what they sum up to. */
export class HistoryRecorder {
  readonly #options: RecorderOptions;
  readonly #queueMax: number;
  readonly #bucketsMax: number;
  #queue: HistorySample[] = [];
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
    this.#queueMax = options.queueMax ?? queueMaxDefault;
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
    if (this.#queue.length >= this.#queueMax) {
      this.#lose(1);
      return;
    }
    this.#queue.push(sample);
    if (!this.#isPausing) void this.#pause();
  }

  /** Writes what waits; resolves when that is done, or has failed and waits for the next time. */
  async flush(): Promise<void> {
    this.#fold();
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

  /** Sums the queue up. */
  #fold(): void {
    const { resolutions } = this.#options;
    const samples = this.#queue;
    this.#queue = [];
    // Most calls of a batch belong where others of it do: those need no key.
    const found = new Map<string, Map<string, HistoryBucket[]>>();
    for (const sample of samples) {
      const { provider, model, wallMs } = sample;
      const models = found.get(provider) ?? new Map<string, HistoryBucket[]>();
      const buckets = models.get(model) ?? [];
      found.set(provider, models.set(model, buckets));
      let index = 0;
      for (const { stepMs } of resolutions) {
        const startMs = Math.floor(wallMs / stepMs) * stepMs;
        const known = buckets[index];
        const bucket = known?.startMs === startMs ? known : this.#bucketOf(sample, stepMs, startMs);
        buckets[index] = bucket;
        index += 1;
        bucket.sums.add(sample);
      }
    }
    this.#bound();
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
