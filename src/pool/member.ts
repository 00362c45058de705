/** One backend of a pool with its live numbers. */

import type { BreakerOptions, BreakerState, BreakerTicket } from "#core/breaker.ts";
import type { Standing } from "#core/fitness.ts";
import { type AdaptiveBounds, AdaptiveLimit } from "./adaptive-limit.ts";
import { latencyMsOf, ModelStats, type Observation } from "./model-stats.ts";

/** What a pool needs of a backend. */
export interface PooledBackend extends AsyncDisposable {
  /**
   * Resolves when the backend serves, with the HTTP status of its response where that is a number; else
   * rejects. Stops when `signal` aborts.
   */
  check(signal: AbortSignal): Promise<unknown>;
  /** Whether its keys allow calls of a model now; absent: they always do. */
  standing?(model: string): Standing;
  /** Forgets the failures of its keys. */
  reset?(): void;
}

/** A backend, its name in the pool and its share. */
export interface MemberOptions<B> {
  /** Unique in the pool; goes into metrics, logs and the attempts of a fault. */
  readonly id: string;
  /** Share of the calls under `weighted`, above 0. */
  readonly weight: number;
  /** Owned by the pool from here on. */
  readonly backend: B;
}

/** Calls that a member may have at one time: a number, or what it turns out to take within bounds. */
export type ConcurrencyLimit = number | AdaptiveBounds;

/** What the last probe said. */
export type Health =
  | { readonly kind: "unknown" }
  | ({ readonly kind: "healthy" } & Checked)
  | ({
      readonly kind: "unhealthy";
      /** Safe to show to a caller. */
      readonly error: string;
      /** What the probe failed with, for the log only. */
      readonly cause: unknown;
    } & Checked);

/** When a probe ended and how long it took. */
interface Checked {
  /** Milliseconds since the Unix epoch. */
  readonly lastCheckWallMs: number;
  /** Milliseconds, with fractions. */
  readonly responseTimeMs: number;
  /** HTTP status that the probe was answered with; undefined where it was not asked over HTTP, or not answered. */
  readonly statusCode?: number | undefined;
}

/** What a balancer may choose by. */
export interface Candidate {
  readonly id: string;
  readonly weight: number;
  /** Calls in flight. */
  readonly inFlight: number;
}

/** A member as it is at one moment. */
export interface MemberSnapshot extends Candidate {
  readonly health: Health;
  /** All calls since the start, or since a reset. */
  readonly requests: number;
  /** Calls that failed through the member's own fault. */
  readonly errors: number;
  /** It is given no new calls. */
  readonly isDraining: boolean;
  /** Calls that it may have at one time now; infinite where nothing bounds them. */
  readonly concurrentMax: number;
}

/** What was seen of one model on a member. */
export interface ModelSnapshot {
  readonly model: string;
  readonly latencyMs: number | undefined;
  readonly successRate: number | undefined;
  readonly breaker: BreakerState;
}

/**
 * How a call on a member ended. `refused`: the caller's fault. `lost`: the connection's. `key`: the
 * fault of the key that the call was sent with. `outrun`: given up, because it took too long.
 */
export type Outcome = "ok" | "refused" | "cancelled" | "failed" | "lost" | "key" | "outrun";

/** A model of a member is given no calls for now. */
export interface Ejection {
  /** Empty where the member chooses its model. */
  readonly model: string;
  /** Too many calls failed, or the member asked for a pause (Retry-After). */
  readonly cause: "failures" | "retry_after";
  readonly forMs: number;
}

/** Models that a member keeps numbers of; the least recently used one is dropped first. */
const modelsMax = 256;

/** A member of a pool. Only its probe sets its health; only leases count. */
export class Member<B> {
  readonly id: string;
  weight: number;
  readonly backend: B;
  health: Health = { kind: "unknown" };
  /** It is given no new calls; those in progress go on. */
  isDraining = false;
  /** Places that are kept for calls that waited for them, and are about to begin. */
  promised = 0;
  #inFlight = 0;
  #requests = 0;
  #errors = 0;
  #onIdle: (() => void) | undefined;
  /** When it answered a call last. */
  #answeredMs = Number.NEGATIVE_INFINITY;
  readonly #models = new Map<string, ModelStats>();
  readonly #limit: number | AdaptiveLimit;
  readonly #breaker: BreakerOptions | undefined;
  readonly #onEjection: ((ejection: Ejection) => void) | undefined;

  constructor(
    { id, weight, backend }: MemberOptions<B>,
    breaker?: BreakerOptions,
    onEjection?: (ejection: Ejection) => void,
    limit: ConcurrencyLimit = Number.POSITIVE_INFINITY,
  ) {
    this.#limit = typeof limit === "number" ? limit : new AdaptiveLimit(limit);
    this.#breaker = breaker;
    this.#onEjection = onEjection;
    this.id = id;
    this.weight = weight;
    this.backend = backend;
  }

  /** Whether it may be given calls: a member counts as healthy until a probe fails. */
  get eligible(): boolean {
    return !this.isDraining && this.health.kind !== "unhealthy";
  }

  /** Calls that it may have at one time now. */
  get concurrentMax(): number {
    return typeof this.#limit === "number" ? this.#limit : this.#limit.value;
  }

  /** A call begins. */
  begin(nowMs: number): void {
    this.#inFlight += 1;
    this.#requests += 1;
    if (typeof this.#limit !== "number") this.#limit.began(this.#inFlight + this.promised, nowMs);
  }

  /** Lets the limit learn of a call that began at `startedMs` and has ended, where it learns. */
  learn(
    outcome: Outcome,
    { isPushback = false }: Observation,
    { startedMs, nowMs }: { readonly startedMs: number; readonly nowMs: number },
  ): void {
    if (typeof this.#limit === "number") return;
    const ended = outcome === "ok" ? "ok" : "other";
    this.#limit.ended({ outcome: isPushback ? "pushback" : ended, startedMs }, nowMs);
  }

  end(outcome: Outcome): void {
    this.#inFlight -= 1;
    if (outcome === "failed" || outcome === "lost" || outcome === "key") this.#errors += 1;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  /** Calls `onIdle` when no call is in flight, at once if there is none now. */
  whenIdle(onIdle: () => void): void {
    if (this.#inFlight === 0) onIdle();
    else this.#onIdle = onIdle;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Numbers of one model on this member. Creates no entry for a model that was never asked for. */
  peek(model: string): ModelStats {
    return this.#models.get(model) ?? new ModelStats(this.#breaker);
  }

  /** Numbers of one model on this member. */
  statsOf(model: string): ModelStats {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    if (this.#models.size >= modelsMax) {
      for (const oldest of this.#models.keys()) {
        this.#models.delete(oldest);
        break;
      }
    }
    const stats = new ModelStats(this.#breaker);
    this.#models.set(model, stats);
    return stats;
  }

  /** Counts an observed call; `ticket` is what the model's breaker returned when the call began. */
  observe(outcome: Outcome, observed: Observation, ticket: BreakerTicket, nowMs: number): void {
    const { retryAfterMs = 0 } = observed;
    const latencyMs = latencyMsOf(observed);
    const stats = this.statsOf(observed.model);
    const isBad = outcome === "failed" || outcome === "lost";
    if (outcome === "outrun") stats.addWait(latencyMs, nowMs);
    if (!isBad && outcome !== "ok") {
      stats.breaker.end("ignored", ticket, nowMs);
      return;
    }
    if (!isBad) this.#answeredMs = nowMs;
    const { breaker } = stats;
    const before = breaker.state(nowMs);
    breaker.end(isBad ? "failed" : "ok", ticket, nowMs);
    if (isBad && retryAfterMs > 0) breaker.openFor(retryAfterMs, nowMs);
    const after = breaker.state(nowMs);
    if (before !== "closed" && after === "closed") stats.forget();
    stats.add(!isBad, latencyMs, nowMs);
    if (before === "open" || after !== "open") return;
    const cause = breaker.fitness(nowMs) === "resting" ? "retry_after" : "failures";
    this.#onEjection?.({ model: observed.model, cause, forMs: breaker.restMs(nowMs) });
  }

  /** A call ended without an observation. */
  forgo(model: string, ticket: BreakerTicket, nowMs: number): void {
    this.statsOf(model).breaker.end("ignored", ticket, nowMs);
  }

  /** Whether it answered a call at or after this time. A probe that began then and fails is overruled. */
  answeredSince(ms: number): boolean {
    return this.#answeredMs >= ms;
  }

  /** A probe succeeded again. */
  recovered(nowMs: number): void {
    for (const { breaker } of this.#models.values()) breaker.tryNow(nowMs);
  }

  /** Forgets what was measured of it and closes its breakers; active calls are still counted. */
  reset(): void {
    this.#requests = this.#inFlight;
    this.#errors = 0;
    this.#models.clear();
    if (typeof this.#limit !== "number") this.#limit.reset();
  }

  /** The numbers of each model that was asked for. */
  models(nowMs: number): ModelSnapshot[] {
    return [...this.#models].map(([model, stats]) => ({
      model,
      latencyMs: stats.latencyMs(nowMs),
      successRate: stats.successRate,
      breaker: stats.breaker.state(nowMs),
    }));
  }

  candidate(): Candidate {
    return { id: this.id, weight: this.weight, inFlight: this.#inFlight };
  }

  snapshot(): MemberSnapshot {
    const { health, isDraining, concurrentMax } = this;
    const counts = { requests: this.#requests, errors: this.#errors };
    return { ...this.candidate(), health, isDraining, concurrentMax, ...counts };
  }
}
