/** Counts what calls spend: at once in memory, in batches in the store, in bounds. */

import type { Clock } from "#core/clock.ts";
import {
  type HourSpent,
  nothingSpent,
  type Spender,
  type Spent,
  sumOf,
  type UsageRecord,
  usageKeptMs,
  usageName,
  usageStepMs,
} from "./usage.ts";
import type { UsageStore } from "./usage-store.ts";

/** What one call spent. */
export interface SpentByCall extends Omit<Spender, "startMs">, Omit<Spent, "requests"> {
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** What a recorder is made of. */
export interface UsageRecorderOptions {
  readonly store: Pick<UsageStore, "write" | "forget">;
  readonly clock: Pick<Clock, "wallMs" | "nowMs" | "sleep">;
  /** Takes when keys were used, with each batch. */
  onUsed(timesByKey: ReadonlyMap<string, number>): Promise<void>;
  /** Notified of calls that usage will lack. */
  onLost(count: number): void;
  /** Notified of each failure, and when batches are written again. */
  onStore(state: "failing" | "working", cause?: unknown): void;
  /** Records of hours that are not over, or not written. */
  readonly recordsMax?: number;
}

const pauseMs = 1_000;
const recordsMaxDefault = 20_000;
/** Names of models and sets of tags that one key has in an hour; the rest are counted as others. */
const kindsMax = 100;
const others = "_OTHER";
/** A call may still end so long after its hour. */
const lateMs = 5_000;

interface Open {
  readonly spender: Spender;
  spent: Spent;
}

/** Takes calls and writes what they sum up to. Disposing of it writes what is not written yet, once. */
export class UsageRecorder implements AsyncDisposable {
  readonly #options: UsageRecorderOptions;
  readonly #recordsMax: number;
  readonly #open = new Map<string, Open>();
  /** Models and sets of tags by hour and key. */
  readonly #kinds = new Map<string, Set<string>>();
  #changed = new Set<string>();
  #used = new Map<string, number>();
  #isPausing = false;
  #isClosed = false;
  #writing: Promise<void> | undefined;
  #isFailing = false;
  #forgottenHourMs = 0;
  /** Hours before may have been let go of: a clock that steps back adds to none of them. */
  #closedToMs = 0;

  constructor(options: UsageRecorderOptions) {
    this.#options = options;
    this.#recordsMax = options.recordsMax ?? recordsMaxDefault;
  }

  /** Takes a call. */
  add({ wallMs, key, group, model, tags, ...used }: SpentByCall): void {
    // A row that was let go of would begin at nothing again, in the place of what is written.
    const hourMs = Math.floor(wallMs / usageStepMs) * usageStepMs;
    const startMs = Math.max(this.#closedToMs, hourMs);
    const hour = { startMs, key: usageName(key), group: usageName(group) };
    const spender = this.#bounded({
      ...hour,
      model: usageName(model),
      tags: [...new Set(tags.map(usageName))].toSorted((one, other) => (one < other ? -1 : 1)),
    });
    if (spender === undefined) this.#options.onLost(1);
    else {
      const text = textOf(spender);
      const open = this.#open.get(text) ?? { spender, spent: nothingSpent };
      open.spent = sumOf(open.spent, { requests: 1, ...used });
      this.#open.set(text, open);
      this.#changed.add(text);
    }
    if (this.#used.size < this.#recordsMax) this.#used.set(hour.key, wallMs);
    if (!this.#isPausing && !this.#isClosed) void this.#pause();
  }

  /** What is in memory of the money that a key or a group spent: hours that are not over, or not written. */
  openHours(by: "key" | "group", name: string): readonly HourSpent[] {
    const wanted = usageName(name);
    return [...this.#open.values()]
      .filter(({ spender }) => spender[by] === wanted)
      .map(({ spender: { startMs }, spent: { microUsd } }) => ({ startMs, microUsd }));
  }

  /** Writes what waits; resolves when that is done, or has failed and waits for the next time. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.flush();
  }

  /** The spender, under names that are few enough; undefined where there is no room at all. */
  #bounded(spender: Spender): Spender | undefined {
    const place = `${spender.startMs} ${spender.key}`;
    const kinds = this.#kinds.get(place) ?? new Set();
    const kind = JSON.stringify([spender.model, spender.tags]);
    const isKept = kinds.has(kind) || kinds.size < kindsMax;
    const counted = isKept ? spender : { ...spender, model: others, tags: [] };
    if (this.#open.has(textOf(counted))) return counted;
    if (this.#open.size >= this.#recordsMax) return undefined;
    if (isKept) this.#kinds.set(place, kinds.add(kind));
    return counted;
  }

  async #pause(): Promise<void> {
    this.#isPausing = true;
    await this.#options.clock.sleep(pauseMs);
    this.#isPausing = false;
    await this.flush();
    // A store that failed is tried again.
    if (this.#changed.size > 0 && !this.#isPausing && !this.#isClosed) void this.#pause();
  }

  async #write(): Promise<void> {
    const texts = this.#changed;
    const used = this.#used;
    if (texts.size === 0) return;
    this.#changed = new Set();
    this.#used = new Map();
    const { store, clock, onUsed } = this.#options;
    try {
      const records = [...texts].flatMap((text): UsageRecord[] => {
        const open = this.#open.get(text);
        return open === undefined ? [] : [{ ...open.spender, spent: open.spent }];
      });
      await store.write(records);
      await onUsed(used);
      this.#close(clock.wallMs());
      await this.#forget(clock.wallMs());
      this.#tell("working");
    } catch (thrown) {
      for (const text of texts) this.#changed.add(text);
      for (const [key, time] of used) if (!this.#used.has(key)) this.#used.set(key, time);
      this.#tell("failing", thrown);
    }
  }

  #tell(state: "failing" | "working", cause?: unknown): void {
    if (state === "working" && !this.#isFailing) return;
    this.#isFailing = state === "failing";
    this.#options.onStore(state, cause);
  }

  /** Lets go of what is written and over. */
  #close(nowMs: number): void {
    for (const [text, { spender }] of this.#open) {
      const isOver = spender.startMs + usageStepMs + lateMs < nowMs;
      if (!isOver || this.#changed.has(text)) continue;
      this.#open.delete(text);
      this.#closedToMs = Math.max(this.#closedToMs, spender.startMs + usageStepMs);
    }
    for (const place of this.#kinds.keys()) {
      if (Number(place.slice(0, place.indexOf(" "))) + usageStepMs + lateMs < nowMs) {
        this.#kinds.delete(place);
      }
    }
  }

  async #forget(nowMs: number): Promise<void> {
    const hourMs = Math.floor(nowMs / usageStepMs) * usageStepMs;
    if (hourMs === this.#forgottenHourMs) return;
    await this.#options.store.forget(hourMs - usageKeptMs);
    this.#forgottenHourMs = hourMs;
  }
}

function textOf({ startMs, key, group, model, tags }: Spender): string {
  return JSON.stringify([startMs, key, group, model, tags]);
}
