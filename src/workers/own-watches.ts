/** Watches of callers of other threads, as far as this thread has something to tell. */

import { Batches } from "./batches.ts";
import type { WatchCall, WatchOpening } from "./messages.ts";

/** Responses in binary form, until the signal aborts. */
type Serve = (call: WatchCall, signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** One that is on. */
interface OwnWatch {
  readonly responses: Batches<Uint8Array>;
  readonly ending: AbortController;
}

/** Those that are on. Bounded by the places that services give to watches. */
export class OwnWatches {
  readonly #serve: Serve;
  readonly #watches = new Map<number, OwnWatch>();

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  /** The next responses; undefined at the end. Rejects as the service does. */
  async next({ watch, call }: WatchOpening): Promise<readonly Uint8Array[] | undefined> {
    const { responses } = this.#watches.get(watch) ?? this.#begin(watch, call);
    try {
      const batch = await responses.next();
      if (batch === undefined) this.#watches.delete(watch);
      return batch;
    } catch (thrown) {
      this.#watches.delete(watch);
      throw thrown;
    }
  }

  /** Nobody watches any more. */
  end(watch: number): void {
    const known = this.#watches.get(watch);
    this.#watches.delete(watch);
    known?.ending.abort();
    known?.responses.end();
  }

  #begin(watch: number, call: WatchCall): OwnWatch {
    const begun = { responses: new Batches<Uint8Array>(), ending: new AbortController() };
    this.#watches.set(watch, begun);
    void begun.responses.addAll(this.#serve(call, begun.ending.signal));
    return begun;
  }
}
