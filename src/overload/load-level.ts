/** What a process that has more work than it can do refuses, decided by what was measured of it. Pure. */

/** What is measured of the process. */
export interface LoadSample {
  /** By how much the event loop was late, in milliseconds: at most, since the last sample. */
  readonly lagMs: number;
  /** Share of the heap's limit that is in use. */
  readonly heapShare: number;
}

/** From where on it is too much. */
export interface LoadTerms {
  /** Lag, and share of the heap, above which calls that matter least are refused. */
  readonly lagMs: number;
  readonly heapShare: number;
  /** Share of the heap above which all calls are, but for those that show and steer the gateway. */
  readonly heapShareAll: number;
}

/** What is refused, and why. */
export type LoadLevel =
  | { readonly refuses: "nothing" }
  | { readonly refuses: "low" | "all"; readonly cause: "lag" | "heap" };

const calm: LoadLevel = { refuses: "nothing" };

function levelOf({ lagMs, heapShare }: LoadSample, terms: LoadTerms): LoadLevel {
  if (heapShare > terms.heapShareAll) return { refuses: "all", cause: "heap" };
  if (heapShare > terms.heapShare) return { refuses: "low", cause: "heap" };
  return lagMs > terms.lagMs ? { refuses: "low", cause: "lag" } : calm;
}

const order = ["nothing", "low", "all"] as const;

/** How much of the work is refused: 0, 1 or 2. */
export function rankOf({ refuses }: LoadLevel): number {
  return order.indexOf(refuses);
}

/**
 * The level by the last two samples: the lower of theirs. One pause, such as that of a model being
 * loaded or of a collection, is no overload; two in a row are.
 */
export class LoadTrend {
  readonly #terms: LoadTerms;
  #before: LoadLevel = calm;
  #level: LoadLevel = calm;

  constructor(terms: LoadTerms) {
    this.#terms = terms;
  }

  get level(): LoadLevel {
    return this.#level;
  }

  /** One more sample. */
  add(sample: LoadSample): void {
    const now = levelOf(sample, this.#terms);
    this.#level = rankOf(now) < rankOf(this.#before) ? now : this.#before;
    this.#before = now;
  }
}
