/** Latencies by size, from which percentiles of any span of time are made: each bar is a tenth wider than the one before. Pure. */

/** Ratio of a bar's upper to its lower bound: percentiles are off by 5 % at most. */
const ratio = 1.1;
const logRatio = Math.log(ratio);
/** Bars of 0.1 ms to 11 days; what is beyond counts as that. */
const leastMs = 0.1;
const barsMax = 240;

function barOf(ms: number): number {
  if (!(ms > leastMs)) return 0;
  return Math.min(barsMax - 1, Math.ceil(Math.log(ms / leastMs) / logRatio));
}

/** The middle of a bar. */
function msOf(bar: number): number {
  return bar === 0 ? leastMs : (leastMs * ratio ** bar * (1 + 1 / ratio)) / 2;
}

/** Counts of latencies. Memory is that of the bars between the least and the greatest. */
export class LatencyHistogram {
  /** The bar of the first count. */
  #first = 0;
  #counts: number[] = [];

  /** Counts one. */
  add(ms: number): void {
    this.#addTo(barOf(ms), 1);
  }

  /** Counts all that another one has counted. */
  merge(other: LatencyHistogram): void {
    for (const [index, count] of other.#counts.entries()) {
      if (count > 0) this.#addTo(other.#first + index, count);
    }
  }

  /** Milliseconds that `share` of the latencies do not exceed; 0 when there are none. */
  percentile(share: number): number {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    let left = Math.max(1, Math.ceil(share * total));
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0) return msOf(this.#first + index);
    }
    return 0;
  }

  /** As text: the first bar and the counts. */
  toText(): string {
    return [this.#first, ...this.#counts].join(",");
  }

  /** Of such a text; what is no such text counts nothing. */
  static fromText(text: string): LatencyHistogram {
    const histogram = new LatencyHistogram();
    const [first = 0, ...counts] = text.split(",").map(Number);
    for (const [index, count] of counts.entries()) {
      const bar = first + index;
      if (Number.isInteger(bar) && bar >= 0 && bar < barsMax && count > 0) {
        histogram.#addTo(bar, count);
      }
    }
    return histogram;
  }

  #addTo(bar: number, count: number): void {
    if (this.#counts.length === 0) this.#first = bar;
    while (bar < this.#first) {
      this.#counts.unshift(0);
      this.#first -= 1;
    }
    while (bar >= this.#first + this.#counts.length) this.#counts.push(0);
    const index = bar - this.#first;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }
}
