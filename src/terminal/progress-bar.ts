/** A bar that shows how far long work is, on one line that is written again and again. */

import { clipped } from "./text-table.ts";

/** Least time between two drawings. */
const drawIntervalMs = 80;
const barColumns = 24;

/** What a bar draws on. */
export interface BarSurface {
  /** Writes text as it is. */
  write(text: string): void;
  readonly columns: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** A bar for `total` pieces of work; nothing is drawn before the first is done. */
export class ProgressBar {
  readonly #surface: BarSurface;
  readonly #total: number;
  readonly #startedMs: number;
  #done = 0;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(surface: BarSurface, total: number) {
    this.#surface = surface;
    this.#total = total;
    this.#startedMs = surface.nowMs();
  }

  /** Another piece is done: `label` names it. */
  advance(label: string): void {
    this.#done += 1;
    const nowMs = this.#surface.nowMs();
    if (nowMs - this.#drawnMs < drawIntervalMs && this.#done < this.#total) return;
    this.#drawnMs = nowMs;
    const columns = Math.max(1, this.#surface.columns() - 1);
    this.#surface.write(`\r\u001b[K${clipped(this.#text(label, nowMs), columns)}`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#done > 0) this.#surface.write("\r\u001b[K");
  }

  #text(label: string, nowMs: number): string {
    const share = this.#done / this.#total;
    const full = Math.round(share * barColumns);
    const leftMs = ((nowMs - this.#startedMs) / this.#done) * (this.#total - this.#done);
    const bar = "█".repeat(full) + "░".repeat(barColumns - full);
    const left = this.#done < this.#total ? `, ${Math.ceil(leftMs / 1000)} s left` : "";
    return `${bar} ${this.#done}/${this.#total}${left}  ${label}`;
  }
}
