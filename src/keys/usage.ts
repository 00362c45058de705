/** What was spent: counts of calls, tokens and money, by the hour and by who spent them. Pure. */

/** The time of one row. */
export const usageStepMs = 3_600_000;

/** For so long it is kept. */
export const usageKeptMs = 400 * 24 * usageStepMs;

const nameLengthMax = 256;

/** A name as usage keeps it: names come from clients, and what some store would not take keeps all others from being written. */
export function usageName(name: string): string {
  return name
    .slice(0, nameLengthMax)
    .toWellFormed()
    .replaceAll(/[\n\0]/g, " ");
}

/** Money that was spent in one hour, which begins at `startMs`. */
export interface HourSpent {
  readonly startMs: number;
  readonly microUsd: number;
}

/** What calls used. */
export interface Spent {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cacheReadTokens: number;
  readonly reasoningTokens: number;
  readonly microUsd: number;
}

/** Who spent it, on what, and when. */
export interface Spender {
  /** Beginning of the hour, in milliseconds since the Unix epoch. */
  readonly startMs: number;
  /** Name of the key. */
  readonly key: string;
  /** Empty: none. */
  readonly group: string;
  /** Empty: the call came to none. */
  readonly model: string;
  /** Sorted, each once. */
  readonly tags: readonly string[];
}

/** What one spender used in one hour. */
export interface UsageRecord extends Spender {
  readonly spent: Spent;
}

/** What sums are made by. */
export type UsageDimension = "key" | "group" | "tag" | "model";

/** Which records count: those that have all that is named. */
export type UsageFilter = { readonly [D in UsageDimension]?: string };

/** Nothing was spent. */
export const nothingSpent: Spent = {
  requests: 0,
  promptTokens: 0,
  completionTokens: 0,
  cacheReadTokens: 0,
  reasoningTokens: 0,
  microUsd: 0,
};

/** Both. */
export function sumOf(one: Spent, other: Spent): Spent {
  return {
    requests: one.requests + other.requests,
    promptTokens: one.promptTokens + other.promptTokens,
    completionTokens: one.completionTokens + other.completionTokens,
    cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
    microUsd: one.microUsd + other.microUsd,
  };
}

function namesOf(record: Spender, by: UsageDimension): readonly string[] {
  if (by !== "tag") return [record[by]];
  return record.tags.length === 0 ? [""] : record.tags;
}

function isMeant(record: Spender, filter: UsageFilter): boolean {
  return (["key", "group", "tag", "model"] as const).every(
    (by) => filter[by] === undefined || namesOf(record, by).includes(filter[by]),
  );
}

/** Sums of records by name; the rest of the names under one where they are too many. */
export class UsageSums {
  readonly #by: UsageDimension;
  readonly #filter: UsageFilter;
  readonly #rows = new Map<string, Spent>();
  #total = nothingSpent;

  constructor(by: UsageDimension, filter: UsageFilter) {
    this.#by = by;
    this.#filter = filter;
  }

  /** Adds a record, if it is meant. */
  add(record: UsageRecord): void {
    if (!isMeant(record, this.#filter)) return;
    this.#total = sumOf(this.#total, record.spent);
    for (const name of namesOf(record, this.#by)) {
      this.#rows.set(name, sumOf(this.#rows.get(name) ?? nothingSpent, record.spent));
    }
  }

  /** All of it, each record once. */
  get total(): Spent {
    return this.#total;
  }

  /** The most expensive first, then by tokens, then by name. */
  rows(): readonly (readonly [name: string, spent: Spent])[] {
    const tokens = (spent: Spent) => spent.promptTokens + spent.completionTokens;
    return [...this.#rows].toSorted(
      ([name, one], [other, two]) =>
        two.microUsd - one.microUsd || tokens(two) - tokens(one) || (name < other ? -1 : 1),
    );
  }
}
