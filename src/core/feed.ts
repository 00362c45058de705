/** Passes what happens on to all who watch, each at its own pace and in bounds. */

import { onAbort } from "./on-abort.ts";

/** What a watcher is given. */
export interface Fed<T> {
  /** Absent in the first one, which says that the watch is on. */
  readonly item?: T;
  /** Items since the one before that the watcher was too slow to take. */
  readonly missed: number;
}

/** One who watches. */
interface Watcher<T> {
  readonly wants: (item: T) => boolean;
  readonly queue: T[];
  missed: number;
  wake(): void;
}

/** Items that wait for a watcher; the oldest give way to further ones, and it is notified how many did. */
const queueMaxDefault = 256;

/** A source that many may watch. Who watches nothing costs nothing. */
export class Feed<T> {
  readonly #queueMax: number;
  readonly #watchers = new Set<Watcher<T>>();

  constructor(queueMax = queueMaxDefault) {
    this.#queueMax = queueMax;
  }

  /** Whether somebody watches. */
  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Passes an item on. */
  publish(item: T): void {
    for (const watcher of this.#watchers) {
      if (!watcher.wants(item)) continue;
      if (watcher.queue.length >= this.#queueMax) {
        watcher.queue.shift();
        watcher.missed += 1;
      }
      watcher.queue.push(item);
      watcher.wake();
    }
  }

  /** What is published from the first response on, as far as it is wanted; ends when the signal aborts. */
  async *watch(wants: (item: T) => boolean, signal: AbortSignal): AsyncGenerator<Fed<T>, void> {
    let woken = Promise.withResolvers<void>();
    const watcher: Watcher<T> = { wants, queue: [], missed: 0, wake: () => woken.resolve() };
    this.#watchers.add(watcher);
    const forget = onAbort(signal, () => woken.resolve());
    try {
      yield { missed: 0 };
      while (!signal.aborted) {
        const item = watcher.queue.shift();
        if (item === undefined) {
          await woken.promise;
          woken = Promise.withResolvers<void>();
          continue;
        }
        const { missed } = watcher;
        watcher.missed = 0;
        yield { item, missed };
      }
    } finally {
      forget();
      this.#watchers.delete(watcher);
    }
  }
}
