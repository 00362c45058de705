/** Measures four times a second how loaded the process is: how late its event loop is, and how full V8's heap. */

import { getHeapStatistics } from "node:v8";
import type { Clock, Timer } from "#core/clock.ts";
import { type LoadLevel, type LoadTerms, LoadTrend } from "./load-level.ts";

/** How loaded the process is now. */
export interface Load {
  readonly level: LoadLevel;
}

/** What the monitor reads and tells. */
export interface LoadDeps {
  readonly clock: Clock;
  /** Share of the heap's limit that is in use. */
  readonly heapShare: () => number;
  /** Notified of each level that differs from the one before; must not throw. */
  readonly onChange: (level: LoadLevel) => void;
}

/** That of this process. */
export function heapShareOfProcess(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}

/**
 * Time between two looks at the event loop. Node's own histogram of its delays forgets the last look when
 * it is emptied, and with it each turn that is longer than a sample: just what is to be seen.
 */
const lookMs = 50;
const looksPerSample = 5;

/** Looks and samples until it is disposed of; the process need not stay alive for it. */
export class LoadMonitor implements Load, Disposable {
  readonly #deps: LoadDeps;
  readonly #trend: LoadTrend;
  #timer: Timer;
  #dueMs = 0;
  #looks = 0;
  /** By how much a look since the last sample was late at most. */
  #lagMs = 0;

  constructor(terms: LoadTerms, deps: LoadDeps) {
    this.#deps = deps;
    this.#trend = new LoadTrend(terms);
    this.#timer = this.#next();
  }

  get level(): LoadLevel {
    return this.#trend.level;
  }

  [Symbol.dispose](): void {
    this.#deps.clock.stop(this.#timer);
  }

  /** Called by the timer only. */
  look(): void {
    this.#lagMs = Math.max(this.#lagMs, this.#deps.clock.nowMs() - this.#dueMs);
    this.#looks += 1;
    if (this.#looks === looksPerSample) this.#sample();
    this.#timer = this.#next();
  }

  #sample(): void {
    const { refuses: before } = this.level;
    this.#trend.add({ lagMs: this.#lagMs, heapShare: this.#deps.heapShare() });
    this.#looks = this.#lagMs = 0;
    if (this.level.refuses !== before) this.#deps.onChange(this.level);
  }

  #next(): Timer {
    const { clock } = this.#deps;
    this.#dueMs = clock.nowMs() + lookMs;
    const timer = clock.timer(lookMs, look, this);
    timer.unref();
    return timer;
  }
}

function look(monitor: LoadMonitor): void {
  monitor.look();
}
