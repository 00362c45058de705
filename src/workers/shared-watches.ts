/** Watches over all threads, in the main thread: what others tell goes to the thread whose caller watches. */

import { Batches } from "./batches.ts";
import type { CallThread } from "./call-thread.ts";
import type { WatchOpening } from "./messages.ts";

/** What is used of a thread. */
type Watched = Pick<CallThread, "calls">;

/** One watch, over threads that come and go. */
class Relay {
  readonly #opening: WatchOpening;
  readonly #isLive: (thread: Watched) => boolean;
  readonly #responses = new Batches<Uint8Array>();
  readonly #followed = new Set<Watched>();

  constructor(opening: WatchOpening, isLive: (thread: Watched) => boolean) {
    this.#opening = opening;
    this.#isLive = isLive;
  }

  /** Has a thread watch as well; resolves when it does, or cannot. */
  async follow(thread: Watched): Promise<void> {
    const isOn = Promise.withResolvers<void>();
    void this.#pull(thread, isOn.resolve);
    await isOn.promise;
  }

  /** What threads have told; undefined at the end. Rejects where one could not watch. */
  next(): Promise<readonly Uint8Array[] | undefined> {
    return this.#responses.next();
  }

  /** Nobody watches any more. */
  end(): void {
    this.#responses.end();
    for (const { calls } of this.#followed) {
      calls.ask("watchEnd", this.#opening.watch).catch(() => {});
    }
  }

  async #pull(thread: Watched, onFirst: () => void): Promise<void> {
    this.#followed.add(thread);
    try {
      while (!this.#responses.isOver) {
        const batch = await thread.calls.ask("watchNext", this.#opening);
        onFirst();
        if (batch === undefined) return;
        await this.#responses.add(batch);
      }
    } catch (thrown) {
      // One that has ended has nothing more to tell: another one takes its place.
      if (this.#isLive(thread)) this.#responses.end({ cause: thrown });
    } finally {
      this.#followed.delete(thread);
      onFirst();
    }
  }
}

/** All watches, by the thread that asks and its number for them. */
export class SharedWatches {
  readonly #relays = new Map<Watched, Map<number, Relay>>();
  #last = 0;

  /** A thread serves from now on. */
  entered(thread: Watched): void {
    for (const [asking, relays] of this.#relays) {
      if (asking !== thread) for (const relay of relays.values()) void relay.follow(thread);
    }
    this.#relays.set(thread, new Map());
  }

  /** A thread has ended, and with it those who watched there. */
  ended(thread: Watched): void {
    for (const relay of this.#relays.get(thread)?.values() ?? []) relay.end();
    this.#relays.delete(thread);
  }

  /** Has all other threads watch; resolves when they do. */
  async open(asking: Watched, { watch, call }: WatchOpening): Promise<void> {
    this.#last += 1;
    const relay = new Relay({ watch: this.#last, call }, (thread) => this.#relays.has(thread));
    this.#relays.get(asking)?.set(watch, relay);
    const others = [...this.#relays.keys()].filter((thread) => thread !== asking);
    await Promise.all(others.map((thread) => relay.follow(thread)));
  }

  /** The next responses of others; undefined at the end. */
  async next(asking: Watched, watch: number): Promise<readonly Uint8Array[] | undefined> {
    return await this.#relays.get(asking)?.get(watch)?.next();
  }

  /** Nobody watches any more. */
  end(asking: Watched, watch: number): void {
    const relays = this.#relays.get(asking);
    relays?.get(watch)?.end();
    relays?.delete(watch);
  }
}
