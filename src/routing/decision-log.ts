/** The latest decisions, and a feed of those that are made. */

import type { Clock } from "#core/clock.ts";
import { Feed } from "#core/feed.ts";
import { PerSecond } from "#core/per-second.ts";
import { Ring, type RingOptions } from "#core/ring.ts";
import type { AttemptStart } from "./attempt.ts";

/** A decision that was made. */
export interface LoggedDecision {
  /** The try that it began. */
  readonly start: AttemptStart;
  /** Counts up from 1. */
  readonly sequence: number;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** Decisions of one second that are kept: a try that is not shown need not outlive its call. */
const perSecondMax = 500;

const optionsDefault: RingOptions = { countMax: 1_000, bytesMax: 4_000_000 };
/** What a decision, and each endpoint that it speaks of, takes, about. */
const decisionBytes = 400;
const endpointBytes = 600;

/** Keeps decisions for whoever looks at them. */
export class DecisionLog {
  readonly feed = new Feed<LoggedDecision>();
  readonly ring: Ring<LoggedDecision>;
  readonly #clock: Clock;
  readonly #pace = new PerSecond(perSecondMax);

  constructor(clock: Clock, options: RingOptions = optionsDefault) {
    this.#clock = clock;
    this.ring = new Ring(options);
  }

  /** A try begins. */
  add(start: AttemptStart): void {
    const wallMs = this.#clock.wallMs();
    if (!this.#pace.passes(wallMs)) return;
    const logged = { start, sequence: this.ring.next, wallMs };
    const bytes = decisionBytes + 2 * start.model.length + endpointBytes * start.decision.size;
    this.ring.add(logged, bytes);
    this.feed.publish(logged);
  }
}
