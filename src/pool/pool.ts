/** The members of one pool: which may be given a call, leases on them, and their health. */

import { appended } from "#core/appended.ts";
import { type BreakerOptions, defaultBreakerOptions } from "#core/breaker.ts";
import type { Clock } from "#core/clock.ts";
import { worseOf } from "#core/fitness.ts";
import type { Rng } from "#core/rng.ts";
import { settleWithin } from "#core/settle-within.ts";
import type { EndpointState } from "./endpoint-snapshot.ts";
import type { Exclusion } from "./exclusion.ts";
import { Lease } from "./lease.ts";
import {
  type Candidate,
  type ConcurrencyLimit,
  type Ejection,
  Member,
  type MemberOptions,
  type MemberSnapshot,
  type ModelSnapshot,
  type PooledBackend,
} from "./member.ts";
import { withoutPanic } from "./panic.ts";
import { PlaceQueue, type PlaceQueueOptions, type PlaceQueueWatch } from "./place-queue.ts";
import { type Probe, type ProbeOptions, startProbe } from "./probe.ts";

/** What makes a pool. */
export interface PoolOptions<B> extends ProbeOptions {
  /** Goes into metrics, logs and faults. */
  readonly name: string;
  /** 1 is the most preferred pool of a route. */
  readonly priority?: number;
  /** Calls that a member may have at one time; no bound when absent. */
  readonly concurrentMax?: ConcurrencyLimit;
  /** Calls that may wait while all members have as many as they may; none when absent. */
  readonly queue?: PlaceQueueOptions;
  /** How long a member that fails is left out at first; the breaker's default when absent. */
  readonly ejectionMs?: number;
  /** Ids are unique; throws TypeError else. Others may join later. */
  readonly members: readonly MemberOptions<B>[];
}

/** What a route makes of a pool's endpoints. */
export interface EndpointTerms {
  /** Multiplies their weights; 1 when absent. */
  readonly share?: number;
  /** Expected price of the call in US dollars; absent or undefined when unknown. */
  readonly cost?: number | undefined;
}

/** The kind of a member's health has changed, or an operator has drained or resumed it. */
export interface PoolChange {
  readonly pool: string;
  readonly member: MemberSnapshot;
}

/** What a pool needs of its surroundings. */
export interface PoolDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  /** Notified after each change; must not throw. */
  onChange?(change: PoolChange): void;
  /** Notified once per ejection; must not throw. */
  onEjection?(ejection: PoolEjection): void;
  /** Watches the calls that wait. */
  readonly queueWatch?: PlaceQueueWatch;
}

/** An endpoint is given no calls of a model for now. */
export interface PoolEjection extends Ejection {
  readonly pool: string;
  readonly endpoint: string;
}

/** The default limits with another time for the first ejection; the longest time is scaled with it. */
function breakerOf(ejectionMs: number | undefined): BreakerOptions {
  if (ejectionMs === undefined) return defaultBreakerOptions;
  const { openMs, openMsMax, slowStartMs } = defaultBreakerOptions;
  const scale = ejectionMs / openMs;
  return {
    ...defaultBreakerOptions,
    openMs: ejectionMs,
    openMsMax: openMsMax * scale,
    slowStartMs: slowStartMs * scale,
  };
}

/** Reported calls expire when nothing is reported for this long. */
const reportedKeptMs = 60_000;
/** Usually no endpoint is excluded. */
const nobody: readonly Exclusion[] = Object.freeze([]);
/** Most reported calls. */
const reportedMax = 1_000_000;

/** A member as operators see it. */
export interface MemberReport extends MemberSnapshot {
  readonly models: readonly ModelSnapshot[];
}

interface Place<B> {
  readonly member: Member<B>;
  readonly probe: Probe;
  /** Stops its probes. */
  readonly stop: AbortController;
}

/** Owns its members' backends and probes them until they leave or it is disposed. */
export class Pool<B extends PooledBackend> implements AsyncDisposable {
  readonly name: string;
  /** Where calls wait for a place; absent where none may. */
  readonly queue?: PlaceQueue;
  readonly #places = new Map<string, Place<B>>();
  /** Members that have left and have calls to end. */
  readonly #leaving = new Set<Place<B>>();
  readonly #open: (options: MemberOptions<B>) => Place<B>;
  readonly #clock: Clock;
  readonly #priority: number;
  readonly #nowMs: () => number;
  readonly #onChange: (member: Member<B>) => void;
  /** Calls that do not go through this gateway and were reported to it, and when the last report came. */
  #reported = 0;
  /** An operator has drained all members: members that join are drained as well. */
  #isDraining = false;
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  /** A call that waited is taking its place. */
  #isHandingOver = false;
  readonly #onLeaseEnd: (() => void) | undefined;

  constructor(options: PoolOptions<B>, deps: PoolDeps) {
    this.name = options.name;
    this.#clock = deps.clock;
    this.#nowMs = () => deps.clock.nowMs();
    this.#priority = options.priority ?? 1;
    if (options.queue !== undefined && options.queue.callsMax > 0) {
      this.queue = new PlaceQueue(this.name, options.queue, deps.queueWatch);
      this.#onLeaseEnd = () => this.#serve();
    }
    const ids = new Set(options.members.map(({ id }) => id));
    if (ids.size < options.members.length) {
      throw new TypeError(`pool ${this.name} has two members with the same id`);
    }
    const breaker = breakerOf(options.ejectionMs);
    this.#onChange = (member) => {
      deps.onChange?.({ pool: this.name, member: member.snapshot() });
      this.#serve();
    };
    this.#open = (memberOptions) => {
      const about = { pool: this.name, endpoint: memberOptions.id };
      const member = new Member(
        memberOptions,
        breaker,
        (ejection) => deps.onEjection?.({ ...about, ...ejection }),
        options.concurrentMax,
      );
      member.isDraining = this.#isDraining;
      const onChange = () => this.#onChange(member);
      const stop = new AbortController();
      const { signal } = stop;
      const probe = startProbe(member, options, { ...deps, signal, onChange });
      return { member, probe, stop };
    };
    for (const member of options.members) this.#places.set(member.id, this.#open(member));
  }

  /** One more member, which may be given calls at once. Throws TypeError when its id is taken. */
  join(options: MemberOptions<B>): void {
    if (this.#places.has(options.id)) {
      throw new TypeError(`pool ${this.name} has a member ${options.id} already`);
    }
    const place = this.#open(options);
    this.#places.set(options.id, place);
    this.#onChange(place.member);
  }

  /** Gives a member no new calls; its backend is disposed when those in progress have ended. */
  leave(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    const { member } = place;
    this.#places.delete(id);
    this.#leaving.add(place);
    place.stop.abort();
    // It takes no more calls, whatever its last probe said.
    member.health = { kind: "unknown" };
    this.#onChange(member);
    member.whenIdle(() => {
      if (!this.#leaving.delete(place)) return;
      // A failure here concerns connections that are no longer needed.
      member.backend[Symbol.asyncDispose]().then(undefined, () => undefined);
    });
  }

  /** Changes a member's share. */
  weigh(id: string, weight: number): void {
    const place = this.#places.get(id);
    if (place !== undefined) place.member.weight = weight;
  }

  /** The backends of all members. */
  backends(): readonly B[] {
    return this.#members().map(({ backend }) => backend);
  }

  /** Those that may be given a call now, in the order of the options; a fresh array. */
  candidates(): Candidate[] {
    const candidates: Candidate[] = [];
    for (const { member } of this.#places.values()) {
      if (member.eligible) candidates.push(member.candidate());
    }
    return candidates;
  }

  /** The available members for `model` on these terms: healthy, and with room for another call. */
  endpoints(model: string, { share = 1, cost }: EndpointTerms = {}): readonly EndpointState[] {
    // Nobody overtakes who waits.
    this.#serve();
    const nowMs = this.#clock.nowMs();
    const elsewhere = this.#reportedFor(nowMs);
    let found: EndpointState[] | undefined;
    for (const { member } of this.#places.values()) {
      const { id, weight, backend, concurrentMax } = member;
      const inFlight = member.inFlight + member.promised + elsewhere;
      if (!member.eligible || inFlight >= concurrentMax) continue;
      const stats = member.peek(model);
      const { breaker, leastMs, successRate } = stats;
      const keys = backend.standing?.(model);
      const fitness = breaker.fitness(nowMs);
      found = appended(found, {
        id,
        provider: this.name,
        weight: weight * share,
        priority: this.#priority,
        inFlight,
        concurrentMax,
        latencyMs: stats.latencyMs(nowMs),
        successRate,
        cost,
        fitness: keys === undefined ? fitness : worseOf(fitness, keys.fitness),
        restMs: Math.max(breaker.restMs(nowMs), keys?.restMs ?? 0),
        warmth: breaker.warmth(nowMs),
        leastMs,
      });
    }
    return withoutPanic(found ?? []);
  }

  /** The members that `endpoints` leaves out for `model`, each with the reason. */
  excluded(model: string): readonly Exclusion[] {
    const elsewhere = this.#reported === 0 ? 0 : this.#reportedFor(this.#clock.nowMs());
    let out: Exclusion[] | undefined;
    for (const { member } of this.#places.values()) {
      const value = member.inFlight + member.promised + elsewhere;
      const limit = member.concurrentMax;
      if (member.eligible && value < limit) continue;
      const about = { provider: this.name, endpoint: member.id, model };
      out ??= [];
      if (member.isDraining) out.push({ ...about, reason: "draining" });
      else if (!member.eligible) out.push({ ...about, reason: "unhealthy" });
      else out.push({ ...about, reason: "max_concurrent", value, limit });
    }
    return out ?? nobody;
  }

  /** Reported calls in flight. */
  get reported(): number {
    const isForgotten = this.#clock.nowMs() - this.#reportedAtMs > reportedKeptMs;
    return isForgotten ? 0 : this.#reported;
  }

  /** Reports that a call began (1) or ended (-1) that does not go through this gateway. Returns how many are in flight. */
  report(change: 1 | -1): number {
    this.#reported = Math.min(reportedMax, Math.max(0, this.reported + change));
    this.#reportedAtMs = this.#clock.nowMs();
    this.#serve();
    return this.#reported;
  }

  /** Keeps each free place for the call whose turn it is; lets all go where nobody could ever serve them. */
  #serve(): void {
    const { queue } = this;
    if (queue === undefined || queue.length === 0 || this.#isHandingOver) return;
    const elsewhere = this.#reportedFor(this.#clock.nowMs());
    let isHopeless = true;
    for (const { member } of this.#places.values()) {
      if (!member.eligible) continue;
      isHopeless = false;
      while (member.inFlight + member.promised + elsewhere < member.concurrentMax) {
        const waiter = queue.next(member.id);
        if (waiter === undefined) break;
        member.promised += 1;
        waiter.serve(queue, { use: (choose) => this.#handOver(member, choose) });
      }
    }
    if (isHopeless) queue.dismiss();
  }

  #handOver<T>(member: Member<B>, choose: () => T): T {
    member.promised -= 1;
    this.#isHandingOver = true;
    try {
      return choose();
    } finally {
      this.#isHandingOver = false;
      this.#serve();
    }
  }

  /** The reported calls per member, spread evenly. */
  #reportedFor(nowMs: number): number {
    if (this.#reported === 0 || nowMs - this.#reportedAtMs > reportedKeptMs) return 0;
    return this.#reported / this.#places.size;
  }

  /** Drains or resumes a member; all members when `id` is absent. False: there is no such member. */
  drain(isDraining: boolean, id?: string): boolean {
    const places = this.#chosen(id);
    if (id === undefined) this.#isDraining = isDraining;
    for (const { member } of places) {
      if (member.isDraining === isDraining) continue;
      member.isDraining = isDraining;
      this.#onChange(member);
    }
    return places.length > 0;
  }

  /** Closes breakers, forgets what was measured, and probes at once. False: there is no such member. */
  reset(id?: string): boolean {
    const places = this.#chosen(id);
    for (const { member, probe } of places) {
      member.reset();
      member.backend.reset?.();
      probe.suspect();
    }
    return places.length > 0;
  }

  #chosen(id: string | undefined): readonly Place<B>[] {
    if (id === undefined) return [...this.#places.values()];
    const place = this.#places.get(id);
    return place === undefined ? [] : [place];
  }

  /** Every member, with the numbers of each model. */
  members(): MemberReport[] {
    const nowMs = this.#clock.nowMs();
    return this.#members().map((member) => ({
      ...member.snapshot(),
      models: member.models(nowMs),
    }));
  }

  /** Claims the member of this id, eligible or not, for a model. Throws RangeError when there is none. */
  lease(id: string, model?: string): Lease<B> {
    const place = this.#places.get(id);
    if (place === undefined) throw new RangeError(`pool ${this.name} has no member ${id}`);
    const { member, probe } = place;
    return new Lease(member, probe, { model, nowMs: this.#nowMs, onEnd: this.#onLeaseEnd });
  }

  /** Every member, in the order of the options. */
  snapshot(): MemberSnapshot[] {
    return this.#members().map((member) => member.snapshot());
  }

  /** The error of each unhealthy member's last probe, for the log. */
  causeOfSickness(): unknown {
    for (const { health } of this.#members()) if (health.kind === "unhealthy") return health.cause;
    return undefined;
  }

  /** Probes all members at once; resolves when each has answered, or after `capMs`. */
  async refresh(capMs: number): Promise<void> {
    const probed = [...this.#places.values()].map(({ probe }) => probe.refresh());
    // A member without a response by then is reported with its last known health.
    await settleWithin(Promise.all(probed), capMs, this.#clock);
  }

  /** Stops probing, then disposes the backends. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using closing = new AsyncDisposableStack();
    this.queue?.dismiss();
    const places = [...this.#places.values(), ...this.#leaving];
    this.#leaving.clear();
    for (const { member, probe, stop } of places) {
      stop.abort();
      closing.use(member.backend);
      closing.defer(() => probe.ended);
    }
  }

  #members(): Member<B>[] {
    return [...this.#places.values()].map(({ member }) => member);
  }
}
