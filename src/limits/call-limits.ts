/** The limits of one call: what it takes when it arrives and with each try, what it gives back, and that nothing is held when it has ended. */

import { appended } from "#core/appended.ts";
import type { Clock } from "#core/clock.ts";
import type { Places } from "./in-progress.ts";
import type { Adjustment, Ask, LimitStore, Reservation } from "./limit-store.ts";
import type { BudgetLimit, Limit, Owner } from "./owner.ts";
import { type Bucket, chargeOf } from "./token-bucket.ts";

/** A limit that refuses a call. */
export type Refusal =
  | {
      readonly kind: "bucket";
      readonly limit: Limit | BudgetLimit;
      readonly bucket: Bucket;
      /** Until it may be granted, in milliseconds. */
      readonly waitMs: number;
      /** The limit is the model's or the provider's that was to be asked: another may still be. */
      readonly isTarget: boolean;
    }
  | {
      readonly kind: "in_progress";
      readonly owner: Owner;
      readonly max: number;
      readonly isTarget: boolean;
    };

/** A limit, and what is left in its bucket. */
export interface Standing {
  readonly limit: Limit;
  readonly bucket: Bucket;
}

/** What a call was granted: the bucket of each unit in which least is left. */
export interface Granted {
  readonly kind: "granted";
  readonly requests?: Standing | undefined;
  readonly tokens?: Standing | undefined;
}

/** What a try of a call is to cost. */
export interface Use {
  /** Tokens of a language model. */
  readonly tokens: number;
  /** Millionths of a US dollar. */
  readonly microUsd: number;
}

/** Where a try goes. */
export interface Target {
  readonly provider: string;
  /** As the provider names it. */
  readonly model: string;
}

/** A try that may begin. */
export interface Pass extends Granted {
  /** Budgets that are spent, and only warn of it. */
  readonly warnings: readonly BudgetLimit[];
  /** The try has ended, and used so much; absent: as much as was expected. Only its first call counts. */
  ended(used?: Use): void;
}

/** What the limits of calls stand on. */
export interface LimitSource {
  readonly store: LimitStore;
  readonly clock: Pick<Clock, "wallMs">;
  readonly inProgress: Places;
  /** Tokens that a response is taken to have where the request names no bound. */
  readonly outputTokens: number;
  /** Providers or models have limits. */
  readonly hasTargets: boolean;
  /** The owners that a try of a provider's model has to pass besides those of its call. */
  targets(provider: string, model: string, caller: string): readonly Owner[];
  /** The bucket of an owner's budget at a moment; undefined where it has none. */
  budgetOf(owner: Owner, wallMs: number): BudgetLimit | undefined;
  /** Settles when it is known what was spent of a budget before; absent: it is. */
  counting(limit: BudgetLimit): Promise<void> | undefined;
  /** The money of a budget is spent. */
  spent(limit: BudgetLimit): void;
}

/** Who makes a call. */
interface LimitedCaller {
  readonly name: string;
  /** Notified when the call is refused after it had arrived. */
  readonly onRefused?: () => void;
}

/** What a bucket is asked for. */
interface Cost extends Ask {
  readonly limit: Limit | BudgetLimit;
}

function costOf(limit: Limit | BudgetLimit, cost: number): Cost {
  const { key, limits } = limit;
  return { key, limits, cost, limit };
}

/** A request of each owner. */
function requestsOf(owners: readonly Owner[]): readonly Cost[] {
  let costs: Cost[] | undefined;
  for (const { requests } of owners) {
    if (requests !== undefined) costs = appended(costs, costOf(requests, 1));
  }
  return costs ?? noCosts;
}

const noCosts: readonly Cost[] = [];
const noOwners: readonly Owner[] = [];

/** That of what has neither tokens nor a price. */
const noUse: Use = { tokens: 0, microUsd: 0 };

const granted: Granted = { kind: "granted" };

/** `next` of a value, at once where it is there. */
function then<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** The limits of one call. */
export class CallLimits {
  readonly #source: LimitSource;
  /** Those that do not depend on where the call goes. */
  readonly #owners: readonly Owner[];
  readonly #caller: LimitedCaller;
  #isRefused = false;
  /** Keys of owners of whom the call holds a place. */
  readonly #places: string[] = [];
  /** Requests that were taken. */
  #taken = 0;
  #hasEntered = false;
  #isOver = false;

  /** `owners` are those that hold wherever the call goes. */
  constructor(source: LimitSource, owners: readonly Owner[], caller: LimitedCaller) {
    this.#source = source;
    this.#owners = owners;
    this.#caller = caller;
  }

  /** Nothing limits the call before it is known where it goes. */
  get isEmpty(): boolean {
    return this.#owners.length === 0;
  }

  /** Models or those who serve them have limits. */
  get hasTargets(): boolean {
    return this.#source.hasTargets;
  }

  /** A try was let through: something was done for the call, whatever its outcome. */
  get hasEntered(): boolean {
    return this.#hasEntered;
  }

  /** Tries have something to pass: limits of tokens or money, or of where they go. */
  get holdsTries(): boolean {
    if (this.#source.hasTargets) return true;
    return this.#owners.some(
      ({ terms }) => terms.tokens !== undefined || terms.budget !== undefined,
    );
  }

  /** Tokens that a response is taken to have where the request names no bound. */
  get outputTokens(): number {
    return this.#source.outputTokens;
  }

  /** Takes a place in progress and a request of each owner, or of none. */
  arrive(): Granted | Refusal | Promise<Granted | Refusal> {
    const refusal = this.#takePlaces(this.#owners, this.#places, false);
    if (refusal !== undefined) return refusal;
    return then(this.more(), (outcome) => {
      if (outcome.kind !== "granted") this.#leave(this.#places);
      return outcome;
    });
  }

  /** Takes another request of each owner, or of none. */
  more(): Granted | Refusal | Promise<Granted | Refusal> {
    const costs = requestsOf(this.#owners);
    if (costs.length === 0) return granted;
    const reservation = this.#source.store.reserve(costs);
    // Not by `then`: this is the way of every call.
    return reservation instanceof Promise
      ? reservation.then((late) => this.#arrived(costs, late))
      : this.#arrived(costs, reservation);
  }

  #arrived(costs: readonly Cost[], reservation: Reservation): Granted | Refusal {
    const refusal = this.#refusalOf(costs, reservation, noOwners);
    if (refusal !== undefined) return refusal;
    this.#taken += 1;
    return { kind: "granted", requests: tightestOf(costs, reservation, "requests") };
  }

  /**
   * Takes what a try is expected to use, or nothing. What has neither tokens nor a price has no `use`, and
   * is held to what its target may have of requests and of calls in progress.
   */
  enter({ provider, model }: Target, use: Use = noUse): Pass | Refusal | Promise<Pass | Refusal> {
    const targets = this.#source.targets(provider, model, this.#caller.name);
    const places: string[] = [];
    const full = this.#takePlaces(targets, places, true);
    if (full !== undefined) return full;
    const wallMs = this.#source.clock.wallMs();
    const costs: Cost[] = [];
    const warning: BudgetLimit[] = [];
    const budgets: BudgetLimit[] = [];
    // What is expected to cost nothing may still turn out to.
    const free: Limit[] = [];
    const ask = (limit: Limit | BudgetLimit, cost: number) => {
      if (cost > 0) costs.push(costOf(limit, cost));
      else free.push(limit);
    };
    costs.push(...requestsOf(targets));
    for (const owner of this.#usersOf(targets, use)) {
      if (owner.tokens !== undefined) ask(owner.tokens, use.tokens);
      const budget = this.#source.budgetOf(owner, wallMs);
      if (budget === undefined) continue;
      budgets.push(budget);
      if (budget.budget.onExceeded === "warn") warning.push(budget);
      else ask(budget, use.microUsd);
    }
    const failed = (thrown: unknown): never => {
      this.#leave(places);
      throw thrown;
    };
    try {
      const outcome = then(this.#reserve(costs, budgets), (reservation) => {
        const refusal = this.#refusalOf(costs, reservation, targets);
        if (refusal !== undefined) {
          this.#leave(places);
          return refusal;
        }
        return then(this.#spent(warning), (warnings) =>
          this.#pass({ costs, free: [...free, ...warning], places, warnings, reservation }),
        );
      });
      return outcome instanceof Promise ? outcome.catch(failed) : outcome;
    } catch (thrown) {
      // A store that is away may refuse at once.
      return failed(thrown);
    }
  }

  /** Those whose tokens and money a try may take. */
  #usersOf(targets: readonly Owner[], use: Use): readonly Owner[] {
    if (use === noUse) return noOwners;
    return targets.length === 0 ? this.#owners : [...this.#owners, ...targets];
  }

  /** The call is refused after all: the requests that it took come back, but for one for which something was done. */
  giveBack(): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#caller.onRefused?.();
    const { store } = this.#source;
    const tokens = this.#taken;
    if (tokens === 0 || this.#hasEntered) return;
    store.adjust(
      this.#owners.flatMap(({ requests }) =>
        requests === undefined ? [] : [{ key: requests.key, limits: requests.limits, tokens }],
      ),
    );
  }

  /** The call has ended: it holds no place any more, and takes none. */
  end(): void {
    this.#isOver = true;
    this.#leave(this.#places);
  }

  #pass({
    costs,
    free,
    places,
    warnings,
    reservation,
  }: {
    readonly costs: readonly Cost[];
    readonly free: readonly Limit[];
    readonly places: string[];
    readonly warnings: readonly BudgetLimit[];
    readonly reservation: Reservation;
  }): Pass {
    let isOpen = true;
    this.#hasEntered = true;
    return {
      kind: "granted",
      warnings,
      requests: tightestOf(costs, reservation, "requests"),
      tokens: tightestOf(costs, reservation, "tokens"),
      ended: (used) => {
        if (!isOpen) return;
        isOpen = false;
        this.#leave(places);
        if (used !== undefined) this.#settle(costs, free, used);
      },
    };
  }

  /** Corrects what was taken by what was used; nothing was taken of what was expected to be `free`. */
  #settle(costs: readonly Cost[], free: readonly Limit[], used: Use): void {
    const changes: Adjustment[] = [];
    const correct = ({ unit, key, limits }: Limit, cost: number) => {
      if (unit === "requests") return;
      const real = unit === "tokens" ? used.tokens : used.microUsd;
      const tokens = chargeOf(cost, limits) - chargeOf(real, limits);
      if (tokens !== 0) changes.push({ key, limits, tokens });
    };
    for (const { limit, cost } of costs) correct(limit, cost);
    for (const limit of free) correct(limit, 0);
    if (changes.length > 0) this.#source.store.adjust(changes);
  }

  /** Once it is known what was spent of the budgets. */
  #reserve(
    costs: readonly Cost[],
    budgets: readonly BudgetLimit[],
  ): Reservation | Promise<Reservation> {
    const counting = budgets.flatMap((limit) => this.#source.counting(limit) ?? []);
    if (counting.length > 0) return Promise.all(counting).then(() => this.#reserve(costs, []));
    if (costs.length === 0) return { takes: [], waitMs: 0 };
    return this.#source.store.reserve(costs);
  }

  /** The limit that is longest in the way; one that holds wherever the call goes comes first. */
  #refusalOf(
    costs: readonly Cost[],
    { takes, waitMs }: Reservation,
    targets: readonly Owner[],
  ): Refusal | undefined {
    if (waitMs === 0) return undefined;
    let found: (Refusal & { kind: "bucket" }) | undefined;
    for (const [index, { limit }] of costs.entries()) {
      const take = takes[index];
      if (take === undefined || take.waitMs === 0) continue;
      const isTarget = targets.includes(limit.owner);
      const isWorse =
        found === undefined ||
        (found.isTarget && !isTarget) ||
        (found.isTarget === isTarget && take.waitMs > found.waitMs);
      if (isWorse)
        found = { kind: "bucket", limit, bucket: take.bucket, waitMs: take.waitMs, isTarget };
    }
    // A store may refuse without saying for which bucket.
    found ??= this.#unnamedRefusal(costs[0], { waitMs, targets });
    if (found === undefined) return undefined;
    const { limit } = found;
    if (!("period" in limit)) return found;
    this.#source.spent(limit);
    const { clock } = this.#source;
    const leftMs = Math.max(1, limit.period.endsMs - clock.wallMs());
    return { ...found, waitMs: Math.min(found.waitMs, leftMs) };
  }

  #unnamedRefusal(
    first: Cost | undefined,
    { waitMs, targets }: { readonly waitMs: number; readonly targets: readonly Owner[] },
  ): (Refusal & { kind: "bucket" }) | undefined {
    if (first === undefined) return undefined;
    const { limit } = first;
    const isTarget = targets.includes(limit.owner);
    return { kind: "bucket", limit, bucket: { tokens: 0, atMs: 0 }, waitMs, isTarget };
  }

  /** Those whose money is spent. */
  #spent(
    budgets: readonly BudgetLimit[],
  ): readonly BudgetLimit[] | Promise<readonly BudgetLimit[]> {
    if (budgets.length === 0) return budgets;
    const { store } = this.#source;
    const reported = (buckets: readonly Bucket[]) => {
      const spent = budgets.filter((_, index) => (buckets[index]?.tokens ?? 1) <= 0);
      for (const limit of spent) this.#source.spent(limit);
      return spent;
    };
    const read = budgets.map(({ key, limits }) => store.read(key, limits));
    const isHere = read.every((bucket) => !(bucket instanceof Promise));
    return isHere ? reported(read as Bucket[]) : Promise.all(read).then(reported);
  }

  /** Takes a place of each owner, or of none. A call that has ended takes none that its end would give back. */
  #takePlaces(owners: readonly Owner[], places: string[], isTarget: boolean): Refusal | undefined {
    const { inProgress } = this.#source;
    for (const owner of owners) {
      const max = owner.terms.concurrentMax;
      if (max === undefined || (this.#isOver && !isTarget)) continue;
      if (!inProgress.take(owner.key, max)) {
        this.#leave(places);
        return { kind: "in_progress", owner, max, isTarget };
      }
      places.push(owner.key);
    }
    return undefined;
  }

  #leave(places: string[]): void {
    if (places.length === 0) return;
    for (const key of places.splice(0)) this.#source.inProgress.leave(key);
  }
}

/** The bucket of a unit in which least is left; undefined where there is none of it. */
function tightestOf(
  costs: readonly Cost[],
  { takes }: Reservation,
  unit: Limit["unit"],
): Standing | undefined {
  let least: Standing | undefined;
  for (let index = 0; index < costs.length; index += 1) {
    const limit = costs[index]?.limit;
    const bucket = takes[index]?.bucket;
    if (limit?.unit !== unit || bucket === undefined) continue;
    if (least === undefined || bucket.tokens < least.bucket.tokens) least = { limit, bucket };
  }
  return least;
}
