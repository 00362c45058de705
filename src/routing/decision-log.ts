/** The latest decisions, and a feed of new ones. */

import type { Clock } from "#core/clock.ts";
import { Feed } from "#core/feed.ts";
import { PerSecond } from "#core/per-second.ts";
import { Ring, type RingOptions } from "#core/ring.ts";
import type { AttemptStart } from "./attempt.ts";

/** A decision that was made. */
export interface LoggedDecision {
  /** The try that it began. */
  readonly start: AttemptStart;
  /** Counts up from 1; with gaps where others count as well. */
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** Decisions kept per second: under load most are dropped, and their memory is free when the call ends. */
const perSecondMax = 500;

const optionsDefault: RingOptions = { countMax: 1_000, bytesMax: 4_000_000 };
/** Approximate bytes of a decision, and of each endpoint in it. */
const decisionBytes = 400;
const endpointBytes = 600;

/** Keeps decisions for RoutingService. */
export class DecisionLog {
  readonly feed = new Feed<LoggedDecision>();
  readonly ring: Ring<LoggedDecision>;
  readonly #clock: Clock;
  readonly #pace = new PerSecond(perSecondMax);

  readonly #number: () => number;

  /** `number` gives the next number, where others keep decisions as well. */
  constructor(clock: Clock, options: RingOptions = optionsDefault, number?: () => number) {
    this.#clock = clock;
    this.ring = new Ring(options);
    this.#number = number ?? (() => this.ring.next);
  }

  /** A try begins. */
  add(start: AttemptStart): void {
    const wallMs = this.#clock.wallMs();
    if (!this.#pace.passes(wallMs)) return;
    const logged = { start, sequence: this.#number(), wallMs };
    const bytes = decisionBytes + 2 * start.model.length + endpointBytes * start.decision.size;
    this.ring.add(logged, bytes);
    this.feed.publish(logged);
  }
}
