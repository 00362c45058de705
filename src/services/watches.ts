/** Streams of what happens: so many in total and per caller, until the caller or the gateway leaves. */

import type { HandlerContext } from "@connectrpc/connect";
import type { Fed, Feed } from "#core/feed.ts";
import { type PlaceLimits, Places } from "#core/places.ts";
import { fault } from "#errors/fault.ts";
import { callerOf, requireCaller } from "#interceptors/caller.ts";

/** How many watch at one time. */
export const watchLimitsDefault: PlaceLimits = { totalMax: 256, perCallerMax: 32 };

/** What watches are given by. */
export interface WatchesOptions {
  /** Aborts when the gateway begins to stop: watchers are let go. */
  readonly stopping: AbortSignal;
  readonly limits?: PlaceLimits;
}

/** The watches of one service. */
export class Watches {
  readonly #places: Places;
  readonly #stopping: AbortSignal;

  constructor({ stopping, limits = watchLimitsDefault }: WatchesOptions) {
    this.#places = new Places(limits);
    this.#stopping = stopping;
  }

  /** What `feed` is given from now on, as far as it is wanted. Throws OVERLOADED when no place is free, CREDENTIAL_INVALID when the credential has ended. */
  async *of<T>(
    feed: Feed<T>,
    wants: (item: T) => boolean,
    { signal, values }: Pick<HandlerContext, "signal" | "values">,
  ): AsyncGenerator<Fed<T>, void> {
    using place = this.#places.take(callerOf(values));
    if (place === undefined) throw fault("OVERLOADED", "too many watches are open");
    for await (const fed of feed.watch(wants, AbortSignal.any([signal, this.#stopping]))) {
      requireCaller(values);
      yield fed;
    }
    // Being let go is how a watch ends, not a failure of it.
    signal.throwIfAborted();
  }
}
