/** One backend of a pool with its live numbers. */

/** What a pool needs of a backend. */
export interface PooledBackend extends AsyncDisposable {
  /** Resolves when the backend serves; else rejects. Stops when `signal` aborts. */
  check(signal: AbortSignal): Promise<void>;
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

/** What the last probe said. */
export type Health =
  | { readonly kind: "unknown" }
  | ({ readonly kind: "healthy" } & Checked)
  | ({
      readonly kind: "unhealthy";
      /** In words fit for a caller. */
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
}

/** All that the choice of a member may rest on. */
export interface Candidate {
  readonly id: string;
  readonly weight: number;
  /** Calls that it has now. */
  readonly inFlight: number;
}

/** A member as it is at one moment. */
export interface MemberSnapshot extends Candidate {
  readonly health: Health;
  /** Calls that it was ever given. */
  readonly requests: number;
  /** Those of them that failed by the member's fault. */
  readonly errors: number;
}

/** How a call on a member ended: `refused` is the caller's fault, `lost` the connection's. */
export type Outcome = "ok" | "refused" | "cancelled" | "failed" | "lost";

/** A member of a pool. Only its probe sets its health; only leases count. */
export class Member<B> {
  readonly id: string;
  readonly weight: number;
  readonly backend: B;
  health: Health = { kind: "unknown" };
  #inFlight = 0;
  #requests = 0;
  #errors = 0;

  constructor({ id, weight, backend }: MemberOptions<B>) {
    this.id = id;
    this.weight = weight;
    this.backend = backend;
  }

  /** Whether it may be given calls: a member counts as sound until a probe says otherwise. */
  get eligible(): boolean {
    return this.health.kind !== "unhealthy";
  }

  begin(): void {
    this.#inFlight += 1;
    this.#requests += 1;
  }

  end(outcome: Outcome): void {
    this.#inFlight -= 1;
    if (outcome === "failed" || outcome === "lost") this.#errors += 1;
  }

  candidate(): Candidate {
    return { id: this.id, weight: this.weight, inFlight: this.#inFlight };
  }

  snapshot(): MemberSnapshot {
    const { health } = this;
    return { ...this.candidate(), health, requests: this.#requests, errors: this.#errors };
  }
}
