/** Responses to calls that were made before, and to equal active calls: in memory, in bounds of bytes, number and time. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { lazy } from "#core/lazy.ts";
import { Flight } from "./flight.ts";
import { type Piece, type Source, sizeOf } from "./piece.ts";
import type { SharedResponses } from "./shared-responses.ts";

/** Bounds of a cache. */
export interface ResponseCacheOptions {
  /** Bytes of all responses that are kept. */
  readonly bytesMax: number;
  readonly entriesMax: number;
  /** Bytes of one response; longer ones are passed on and not kept. */
  readonly entryBytesMax: number;
  /** How long a response is given to others, in milliseconds. */
  readonly ttlMs: number;
}

/** What a cache needs of its surroundings. */
export interface ResponseCacheDeps {
  readonly clock: Clock;
  /** Those of other gateways; absent: none. */
  readonly shared?: Pick<SharedResponses, "find" | "leave" | "purge"> | undefined;
  /** Notified of what is kept whenever that has changed, and of how many had to go for it since the last time. */
  onChange?(change: Purged & { readonly evicted: number }): void;
}

/** Which response is wanted. */
export interface Wanted {
  /** The same for calls that may have the same response, and for no others. */
  readonly key: string;
  /** What the call named as its model, for `purge`. */
  readonly model: string;
  /** A response made before is not good enough. */
  readonly refresh: boolean;
  /** The key means the same to other gateways; else the response stays in this process. */
  readonly isShared?: boolean;
  /** The call's own; other readers of the same response stay. */
  readonly signal: AbortSignal;
  open(signal: AbortSignal): Source;
}

/** A response, and whether somebody was asked for it. */
export interface Reading {
  /** hit: it was there, or another call had asked for it already. */
  readonly result: "hit" | "miss";
  /** A hit whose response is still being made. */
  readonly inProgress: boolean;
  readonly pieces: AsyncGenerator<Piece, void, undefined>;
}

/** What was let go. */
export interface Purged {
  readonly entries: number;
  readonly bytes: number;
}

interface Entry {
  readonly model: string;
  readonly pieces: readonly Piece[];
}

/** A response in progress that further calls may join. One that is no longer listed is not kept either. */
interface Joinable {
  readonly model: string;
  readonly flight: Flight;
}

async function* replayed(pieces: readonly Piece[]): AsyncGenerator<Piece, void, undefined> {
  yield* pieces;
}

/** Keeps responses. */
export class ResponseCache {
  readonly #entries: () => LRUCache<string, Entry>;
  readonly #flights = new Map<string, Joinable>();
  readonly #options: ResponseCacheOptions;
  readonly #deps: ResponseCacheDeps;
  #evicted = 0;
  #purges = 0;

  constructor(options: ResponseCacheOptions, deps: ResponseCacheDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#entries = lazy(
      () =>
        new LRUCache({
          max: options.entriesMax,
          maxSize: options.bytesMax,
          ttl: options.ttlMs,
          // Time is looked at once per read, and never by a timer of the library's own.
          ttlResolution: 0,
          perf: { now: () => deps.clock.nowMs() },
          dispose: (_entry, _key, reason) => {
            if (reason === "evict") this.#evicted += 1;
          },
        }),
    );
  }

  /** Responses that are kept, those that are past their time included until somebody asks for them. */
  get entries(): number {
    return this.#entries().size;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#entries().calculatedSize;
  }

  /** The same as `read`, for which other gateways' responses count as well. Never rejects. */
  async find(wanted: Wanted): Promise<Reading> {
    const { key, model, refresh, isShared = false } = wanted;
    const { shared } = this.#deps;
    const isHere = this.#entries().has(key) || this.#flights.has(key);
    if (shared !== undefined && isShared && !refresh && !isHere) {
      const purges = this.#purges;
      const found = await shared.find(key, model);
      // An equal call may have come first, and what was let go meanwhile stays so.
      if (found !== undefined && !this.#flights.has(key) && purges === this.#purges) {
        const size = found.pieces.reduce((sum, piece) => sum + sizeOf(piece), 0);
        const { pieces, leftMs } = found;
        this.#entries().set(key, { model, pieces }, { size, ttl: Math.max(1, leftMs) });
        this.#tell();
        return { result: "hit", inProgress: false, pieces: replayed(pieces) };
      }
    }
    return this.read(wanted);
  }

  /** The response to a call: one that is kept, one that is in progress, or a new one. */
  read(wanted: Wanted): Reading {
    const { key, refresh, signal } = wanted;
    if (!refresh) {
      const kept = this.#entries().get(key);
      if (kept !== undefined) {
        return { result: "hit", inProgress: false, pieces: replayed(kept.pieces) };
      }
      const activeCalls = this.#flights.get(key);
      if (activeCalls !== undefined) {
        return { result: "hit", inProgress: true, pieces: activeCalls.flight.join(signal) };
      }
    }
    return { result: "miss", inProgress: false, pieces: this.#begin(wanted).join(signal) };
  }

  #begin({ key, model, open, isShared = false }: Wanted): Flight {
    const flight: Flight = new Flight({
      open,
      bytesMax: this.#options.entryBytesMax,
      onClosed: () => {
        if (this.#flights.get(key) === joinable) this.#flights.delete(key);
      },
      onWhole: (pieces, bytes) => {
        // It was purged, or a newer one is in progress.
        if (this.#flights.get(key) !== joinable) return;
        this.#entries().set(key, { model, pieces }, { size: bytes });
        if (isShared) this.#deps.shared?.leave(key, model, pieces);
        this.#tell();
      },
    });
    const joinable: Joinable = { model, flight };
    this.#flights.set(key, joinable);
    return flight;
  }

  /** Lets go of the responses to calls for `model`, of all without one, in all gateways; those in progress will not be kept. */
  purge(model?: string): Purged {
    this.#deps.shared?.purge(model);
    return this.purgeHere(model);
  }

  /** Lets go of those that this gateway keeps. */
  purgeHere(model?: string): Purged {
    this.#purges += 1;
    const isMeant = (one: { readonly model: string }) => model === undefined || one.model === model;
    for (const [key, joinable] of this.#flights) {
      if (isMeant(joinable)) this.#flights.delete(key);
    }
    // Those that are past their time are not among `entries()`, but in memory.
    this.#entries().purgeStale();
    const before = { entries: this.entries, bytes: this.bytes };
    for (const [key, entry] of [...this.#entries().entries()]) {
      if (isMeant(entry)) this.#entries().delete(key);
    }
    this.#tell();
    return { entries: before.entries - this.entries, bytes: before.bytes - this.bytes };
  }

  #tell(): void {
    const { entries, bytes } = this;
    this.#deps.onChange?.({ entries, bytes, evicted: this.#evicted });
    this.#evicted = 0;
  }
}
