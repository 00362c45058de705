/** Buckets in Redis or Valkey, which many gateways share: taken from in leases, so that most calls are decided without asking. */

import { LRUCache } from "lru-cache";
import type { Clock, Timer } from "#core/clock.ts";
import { lazy } from "#core/lazy.ts";
import { fault } from "#errors/fault.ts";
import type { RedisLink } from "#redis/link.ts";
import { RedisError } from "#redis/redis-error.ts";
import { heldMs, Lease } from "./lease.ts";
import type { Adjustment, Ask, LimitStore, Reservation } from "./limit-store.ts";
import type { LimitMetrics } from "./metric-families.ts";
import { dropScript, giveScript, ownerOf, redisKey, takeScript } from "./redis-scripts.ts";
import type { StoreFallback } from "./store-fallback.ts";
import type { Bucket, BucketLimits } from "./token-bucket.ts";

/** What of a link the buckets use. */
export type BucketLink = Pick<RedisLink, "isCluster" | "isAway" | "run">;

/** What shared limits need. */
export interface RedisLimitsDeps {
  readonly link: BucketLink;
  readonly clock: Clock;
  readonly metrics: LimitMetrics;
  /** Decides while Redis is away. */
  readonly fallback: StoreFallback;
}

/** Buckets whose corrections wait for the end of a turn, at most. */
const correctionsMax = 1_000;
/** Buckets of one script, which keeps all others waiting while it runs. */
const bucketsPerScript = 100;
/** Answers to others that a call waits for: the second one has its cost counted in. */
const othersMax = 2;

/** One cost, and what is held of its bucket. */
interface Cost {
  readonly lease: Lease;
  readonly cost: number;
}

/** Tokens that go back to a bucket, or are taken. */
interface Correction {
  readonly limits: BucketLimits;
  tokens: number;
}

/** The store. Disposing of it brings back what is held. */
export class RedisLimits implements LimitStore, AsyncDisposable {
  readonly #deps: RedisLimitsDeps;
  readonly #leases: () => LRUCache<string, Lease>;
  /** Leases that hold tokens, the one whose time is over first before the others. */
  readonly #holding = new Set<Lease>();
  readonly #corrections = new Map<string, Correction>();
  #sweep: Timer | undefined;
  #flush: NodeJS.Immediate | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  /** Remembers `bucketsMax` leases; the one used least recently is brought back. */
  constructor(bucketsMax: number, deps: RedisLimitsDeps) {
    this.#deps = deps;
    this.#leases = lazy(
      () => new LRUCache({ max: bucketsMax, dispose: (lease) => this.#bringBack(lease) }),
    );
  }

  reserve(asks: readonly Ask[]): Reservation | Promise<Reservation> {
    const nowMs = this.#deps.clock.nowMs();
    const costs = asks.map(({ key, limits, cost }) => {
      const lease = this.#lease(key, limits);
      lease.wanted(cost, nowMs);
      return { lease, cost };
    });
    const here = this.#decideHere(costs, nowMs);
    if (here !== undefined) return reservation(costs, here, nowMs);
    // No promise, and no refusal that is late, for those whom Redis will not serve.
    if (this.#deps.link.isAway()) return this.#deps.fallback.reserve(asks);
    return this.#decideThere(asks, costs);
  }

  adjust(changes: readonly Adjustment[]): void {
    const { link, fallback, metrics, clock } = this.#deps;
    if (link.isAway()) {
      metrics.limitCorrectionsLost.inc(changes.length);
      fallback.adjust(changes);
      return;
    }
    const nowMs = clock.nowMs();
    for (const { key, limits, tokens } of changes) {
      const lease = this.#leases().peek(key);
      lease?.corrected(tokens);
      // Of a bucket that owes, no one holds anything.
      if (lease?.owes(nowMs) === true) this.#bringBack(lease);
      this.#correct(key, limits, tokens);
    }
  }

  /** What others took in the last quarter of a second may be missing; and all of them, while Redis is away. */
  read(key: string, limits: BucketLimits): Bucket | Promise<Bucket> {
    const { clock, link, fallback } = this.#deps;
    const lease = this.#lease(key, limits);
    const nowMs = clock.nowMs();
    if (lease.isKnown(nowMs)) return lease.bucket(nowMs);
    if (link.isAway()) return fallback.read(key, limits);
    const asked = lease.asking ?? this.#ask([], [{ lease, cost: 0 }]).then(isTrue, isFalse);
    return asked.then((isAnswered) =>
      isAnswered ? lease.bucket(clock.nowMs()) : fallback.read(key, limits),
    );
  }

  /** A bucket that was full again by itself is not known any more. Rejects with LIMITS_UNAVAILABLE while Redis is away. */
  async reset(key: string): Promise<boolean> {
    const lease = this.#leases().peek(key);
    lease?.release();
    this.#leases().delete(key);
    this.#sendCorrections();
    try {
      const dropped = await this.#deps.link.run(dropScript, [redisKey(key)], []);
      return dropped === 1;
    } catch (cause) {
      throw fault("LIMITS_UNAVAILABLE", "rate limits cannot be reset now", { cause });
    }
  }

  /** Resolves when the corrections so far have been made, or have failed. */
  async settled(): Promise<void> {
    this.#sendCorrections();
    await this.#sending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lease of this.#holding) {
      this.#bringBack(lease);
      if (this.#corrections.size === correctionsMax) await this.settled();
    }
    if (this.#sweep !== undefined) this.#deps.clock.stop(this.#sweep);
    this.#sweep = undefined;
    await this.settled();
  }

  #lease(key: string, limits: BucketLimits): Lease {
    const known = this.#leases().get(key);
    if (known !== undefined) {
      known.limits = limits;
      return known;
    }
    const lease = new Lease(key, limits);
    this.#leases().set(key, lease);
    return lease;
  }

  /** Milliseconds to wait, 0 when all is paid for; undefined where only the store knows. */
  #decideHere(costs: readonly Cost[], nowMs: number): number | undefined {
    let isCovered = true;
    let waitMs = 0;
    for (const { lease, cost } of costs) {
      const verdict = lease.verdict(cost, nowMs);
      if (verdict === "refused") waitMs = Math.max(waitMs, lease.waitMs(cost, nowMs));
      else if (verdict === "unknown") isCovered = false;
    }
    if (waitMs > 0) return waitMs;
    if (!isCovered) return undefined;
    for (const { lease, cost } of costs) this.#pay(lease, cost);
    return 0;
  }

  async #decideThere(asks: readonly Ask[], costs: readonly Cost[]): Promise<Reservation> {
    const paid: Cost[] = [];
    try {
      for (const group of this.#groupsOf(costs)) {
        const waitMs = await this.#payGroup(group);
        if (waitMs > 0) {
          this.#refund(paid);
          return reservation(costs, waitMs, this.#deps.clock.nowMs());
        }
        paid.push(...group);
      }
      return reservation(costs, 0, this.#deps.clock.nowMs());
    } catch (thrown) {
      this.#refund(paid);
      if (!(thrown instanceof RedisError)) throw thrown;
      return this.#deps.fallback.reserve(asks);
    }
  }

  /** What one script may take from: in a cluster the buckets of one owner, else all of them. */
  #groupsOf(costs: readonly Cost[]): readonly (readonly Cost[])[] {
    if (!this.#deps.link.isCluster) return [costs];
    return [...Map.groupBy(costs, ({ lease }) => ownerOf(lease.key)).values()];
  }

  /** Pays for all of a group, or for none. Rejects with a RedisError. */
  async #payGroup(group: readonly Cost[]): Promise<number> {
    for (let others = 0; ; others += 1) {
      const nowMs = this.#deps.clock.nowMs();
      const waitMs = this.#decideHere(group, nowMs);
      if (waitMs !== undefined) return waitMs;
      const lacking = group.filter(({ lease, cost }) => lease.verdict(cost, nowMs) !== "covered");
      const busy = lacking.find(({ lease }) => lease.asking !== undefined);
      const short = lacking.find(({ lease, cost }) => lease.wasShortOf(cost, nowMs));
      if (others === othersMax && short !== undefined) {
        return Math.max(1, short.lease.waitMs(short.cost, nowMs));
      }
      if (busy === undefined || others === othersMax) return await this.#ask(group, lacking);
      const { lease, cost } = busy;
      lease.waiting += cost;
      const isAnswered = await lease.asking;
      lease.waiting -= cost;
      if (isAnswered === false) throw new RedisError("it did not answer the call before");
    }
  }

  /** Asks the store for what is lacking. Rejects with a RedisError; what it brought back is lost then, unless it was heard. */
  async #ask(group: readonly Cost[], lacking: readonly Cost[]): Promise<number> {
    const { link, clock } = this.#deps;
    if (link.isAway()) throw new RedisError("it is away");
    this.#sendCorrections();
    const covered = group.filter((one) => !lacking.includes(one));
    for (const { lease, cost } of covered) this.#pay(lease, cost);
    const askedMs = clock.nowMs();
    const args = lacking.flatMap(({ lease, cost }) =>
      takeArgs(lease.limits, { cost, want: lease.ahead(), back: this.#release(lease) }),
    );
    const answered = Promise.withResolvers<boolean>();
    for (const { lease } of lacking) lease.asking = answered.promise;
    let isAnswered = false;
    try {
      const keys = lacking.map(({ lease }) => redisKey(lease.key));
      // A grant that comes too late is used for later calls, or brought back.
      const late = (reply: unknown) => {
        if (isReplyTo(lacking, reply) && this.#hear(lacking, reply, askedMs)) this.#refund(lacking);
      };
      const reply = await link.run(takeScript, keys, args, late);
      if (!isReplyTo(lacking, reply)) throw new RedisError("its reply is none of the script's");
      isAnswered = true;
      if (this.#hear(lacking, reply, askedMs)) return 0;
    } catch (thrown) {
      this.#refund(covered);
      throw thrown;
    } finally {
      for (const { lease } of lacking) {
        if (lease.asking === answered.promise) lease.asking = undefined;
      }
      answered.resolve(isAnswered);
    }
    this.#refund(covered);
    const nowMs = clock.nowMs();
    // Whoever waits for less than a millisecond waits all the same.
    return Math.max(1, ...lacking.map(({ lease, cost }) => lease.waitMs(cost, nowMs)));
  }

  /** Takes note of a reply; whether it grants the costs. */
  #hear(costs: readonly Cost[], reply: readonly unknown[], askedMs: number): boolean {
    const [granted, ...numbers] = reply;
    for (const [place, { lease }] of costs.entries()) {
      lease.heard(Number(numbers[2 * place]), askedMs);
      this.#hold(lease, Number(numbers[2 * place + 1]));
    }
    return granted === 1;
  }

  #pay(lease: Lease, cost: number): void {
    lease.pay(cost);
    if (lease.held <= 0) this.#holding.delete(lease);
  }

  #refund(costs: readonly Cost[]): void {
    for (const { lease, cost } of costs) this.#hold(lease, lease.chargeOf(cost));
  }

  #hold(lease: Lease, tokens: number): void {
    if (tokens <= 0) return;
    lease.hold(tokens, this.#deps.clock.nowMs());
    this.#holding.delete(lease);
    this.#holding.add(lease);
    this.#sweep ??= this.#sweepAfter(heldMs);
  }

  #release(lease: Lease): number {
    this.#holding.delete(lease);
    return lease.release();
  }

  #bringBack(lease: Lease): void {
    const tokens = this.#release(lease);
    if (tokens <= 0) return;
    lease.corrected(tokens);
    this.#correct(lease.key, lease.limits, tokens);
  }

  #sweepAfter(ms: number): Timer {
    const timer = this.#deps.clock.timer(ms, sweep, () => this.#sweepNow());
    timer.unref();
    return timer;
  }

  /** Brings back what was held for long enough. */
  #sweepNow(): void {
    this.#sweep = undefined;
    const nowMs = this.#deps.clock.nowMs();
    for (const lease of this.#holding) {
      if (lease.untilMs > nowMs) {
        this.#sweep = this.#sweepAfter(lease.untilMs - nowMs);
        return;
      }
      this.#bringBack(lease);
    }
  }

  /** Corrections of one turn go together. */
  #correct(key: string, limits: BucketLimits, tokens: number): void {
    const waiting = this.#corrections.get(key);
    if (waiting !== undefined) waiting.tokens += tokens;
    else if (this.#corrections.size < correctionsMax)
      this.#corrections.set(key, { limits, tokens });
    else this.#deps.metrics.limitCorrectionsLost.inc();
    this.#flush ??= setImmediate(() => this.#sendCorrections());
  }

  #sendCorrections(): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush);
    this.#flush = undefined;
    if (this.#corrections.size === 0) return;
    const all = [...this.#corrections];
    this.#corrections.clear();
    const { link, metrics } = this.#deps;
    const slotOf = ([key]: (typeof all)[number]) => (link.isCluster ? ownerOf(key) : "");
    const scripts = [...Map.groupBy(all, slotOf).values()].flatMap(inParts);
    const sent = scripts.map(async (some) => {
      const keys = some.map(([key]) => redisKey(key));
      const args = some.flatMap(([, { limits, tokens }]) => [
        limits.capacity,
        limits.perSecond,
        tokens,
      ]);
      try {
        await link.run(giveScript, keys, args);
      } catch {
        metrics.limitCorrectionsLost.inc(some.length);
      }
    });
    this.#sending = Promise.all([this.#sending, ...sent]).then(() => undefined);
  }
}

const isTrue = () => true;
const isFalse = () => false;

function sweep(now: () => void): void {
  now();
}

/** So few that one script may take them. */
function inParts<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / bucketsPerScript);
  return Array.from({ length: count }, (_, part) =>
    all.slice(part * bucketsPerScript, (part + 1) * bucketsPerScript),
  );
}

/** What is known of the buckets now, for calls that have paid (a wait of 0) or have to wait. */
function reservation(costs: readonly Cost[], waitMs: number, nowMs: number): Reservation {
  const takes = costs.map(({ lease, cost }) => ({
    bucket: lease.bucket(nowMs),
    waitMs: waitMs === 0 ? 0 : lease.waitMs(cost, nowMs),
  }));
  // Since it was refused it may have been refilled: still a bucket has to say that it was.
  const isExplained = waitMs === 0 || takes.some((one) => one.waitMs > 0);
  return { takes: isExplained ? takes : takes.map((one) => ({ ...one, waitMs })), waitMs };
}

/** The arguments of one key of the script that takes. */
function takeArgs(
  { capacity, perSecond }: BucketLimits,
  { cost, want, back }: { readonly cost: number; readonly want: number; readonly back: number },
): readonly number[] {
  return [capacity, perSecond, cost, want, back];
}

/** A reply that the script may give: whatever else stood in a lease would never leave it. */
function isReplyTo(costs: readonly Cost[], reply: unknown): reply is readonly unknown[] {
  return Array.isArray(reply) && reply.length === 1 + 2 * costs.length && reply.every(isNumber);
}

/** Fractions come as texts. */
function isNumber(one: unknown): boolean {
  return (
    typeof one === "number" ||
    (typeof one === "string" && /^-?\d/.test(one) && Number.isFinite(Number(one)))
  );
}
