/** Asks for a name again and again, and says what has changed. A failure changes nothing. */

import type { Clock } from "#core/clock.ts";
import { nextSlots, type Place, type Slot, type SlotChange } from "./slots.ts";

/** What a name came to. */
export interface Answer {
  readonly places: readonly Place[];
  /** For how long it holds; absent when no one said. */
  readonly ttlMs?: number;
  /** That there are no places is the answer, and not the lack of one. */
  readonly isWhole?: boolean;
}

/** Asks once, or waits for what has changed. Rejects when no one answered, or with the signal's reason. */
export type Resolve = (signal: AbortSignal) => Promise<Answer>;

/** How often, and how many. */
export interface DiscoveryOptions {
  /** Longest time between two questions. */
  readonly intervalMs: number;
  /** Shortest time between two: one that is asked to `ask again at once` asks no sooner. */
  readonly pauseMsMin: number;
  /** Pause after so many failures on end, in milliseconds. */
  readonly retryMs: (failures: number) => number;
  readonly endpointsMax: number;
}

/** What a discovery needs of its surroundings. */
export interface DiscoveryDeps {
  readonly clock: Clock;
  readonly resolve: Resolve;
  /** Makes a change hold; when it rejects nothing has changed, and it is tried again. */
  readonly apply: (change: SlotChange) => Promise<void>;
  /** Notified when the first of failures has come, with its cause, and when they have ended. */
  readonly onState: (state: "failing" | "working", cause?: unknown) => void;
  /** Notified when there are more places than endpoints may be, once for each time. */
  readonly onBeyond: (count: number) => void;
}

/** A discovery that goes on until it is disposed. */
export interface Discovery extends AsyncDisposable {
  /** Resolves when the first answer, or failure, has come. */
  readonly first: Promise<void>;
}

/** Begins at once. */
export function startDiscovery(
  { intervalMs, pauseMsMin, retryMs, endpointsMax }: DiscoveryOptions,
  { clock, resolve, apply, onState, onBeyond }: DiscoveryDeps,
): Discovery {
  const stop = new AbortController();
  const { signal } = stop;
  const first = Promise.withResolvers<void>();
  let slots: readonly Slot[] = [];
  let failures = 0;
  let isBeyond = false;

  /** Returns how long the answer holds. */
  const once = async (): Promise<number> => {
    const { places, ttlMs = intervalMs, isWhole = false } = await resolve(signal);
    if (places.length === 0 && !isWhole) throw new Error("the answer has no addresses");
    const change = nextSlots(slots, places, endpointsMax);
    const { joined, left, weighed, beyond } = change;
    if (joined.length + left.length + weighed.length > 0) await apply(change);
    slots = change.slots;
    if (beyond > 0 && !isBeyond) onBeyond(beyond);
    isBeyond = beyond > 0;
    return Math.min(intervalMs, Math.max(pauseMsMin, ttlMs));
  };

  /** Returns the pause until the next time. */
  const turn = async (): Promise<number> => {
    try {
      const pauseMs = await once();
      if (failures > 0) onState("working");
      failures = 0;
      return pauseMs;
    } catch (cause) {
      if (!signal.aborted && failures === 0) onState("failing", cause);
      failures += 1;
      return Math.min(intervalMs, retryMs(failures));
    }
  };

  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      const pauseMs = await turn();
      first.resolve();
      await clock.sleep(pauseMs, signal).catch((thrown: unknown) => {
        if (!signal.aborted) throw thrown;
      });
    }
  };

  const ended = loop().finally(first.resolve);
  return {
    first: first.promise,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}
