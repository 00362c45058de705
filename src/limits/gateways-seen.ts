/** Counts the gateways that share limits, by a sign of life that each leaves in the shared store. */

import { randomUUID } from "node:crypto";
import type { Clock, Timer } from "#core/clock.ts";
import type { RedisLink } from "#redis/link.ts";
import { gatewaysKey, seenScript } from "./redis-scripts.ts";

/** Time between two signs of life. */
const everyMs = 5_000;
/** A gateway counts for so long after its last one. */
const seconds = 60;

/** This gateway, and how many there are with it. */
export class GatewaysSeen implements AsyncDisposable {
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #onCount: (count: number) => void;
  readonly #id = randomUUID();
  #timer: Timer | undefined;
  #count = 1;
  #isClosed = false;

  constructor(link: RedisLink, clock: Clock, onCount: (count: number) => void) {
    this.#link = link;
    this.#clock = clock;
    this.#onCount = onCount;
  }

  /** As last heard of; at least one, this gateway. */
  get count(): number {
    return this.#count;
  }

  /** Leaves a sign of life now, and again every few seconds. */
  async begin(): Promise<void> {
    try {
      const count = await this.#link.run(seenScript, [gatewaysKey], [this.#id, seconds]);
      const seen = Number(count);
      // By what is no number nobody can share.
      if (Number.isFinite(seen)) this.#count = Math.max(1, seen);
      this.#onCount(this.#count);
    } catch {
      // The link has told: the count stays what it was.
    }
    if (this.#isClosed) return;
    this.#timer = this.#clock.timer(everyMs, again, this);
    this.#timer.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#clock.stop(this.#timer);
    await this.#link.run(seenScript, [gatewaysKey], [this.#id, 0]).catch(() => undefined);
  }
}

function again(seen: GatewaysSeen): void {
  void seen.begin();
}
