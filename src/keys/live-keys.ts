/** The keys that work now, in memory by digest, as the store has them: its changes are followed. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import type { CredentialStore, Found, Group } from "#identity/credentials.ts";
import { isLive, type Key, principalOf } from "./key.ts";
import { changesMax, type KeyStore } from "./key-store.ts";
import { digestOf, isKeyText } from "./key-text.ts";

/** What live keys are made of. */
export interface LiveKeysOptions {
  readonly store: Pick<KeyStore, "snapshot" | "changesAfter" | "byDigest">;
  readonly clock: Pick<Clock, "nowMs" | "wallMs" | "sleep">;
  /** How long known keys go on while the store cannot be asked. */
  readonly outageMs: number;
  /** Notified of each failure of the store, and when it works again. */
  onStore(state: "failing" | "working", cause?: unknown): void;
  /** Most digests in memory: further keys are looked up in the store when they come. */
  readonly digestsMax?: number;
}

const digestsMaxDefault = 100_000;
/** Pause between two looks for changes: with the look itself less than half of a second. */
const pollMs = 300;
/** Keys that are looked up in the store at one time. */
const lookupsMax = 64;
/** Keys whose last change is remembered. */
const latestMax = 1_000;

/** A key in memory; another one takes its place when it changes. */
class Entry {
  readonly key: Key;
  isReplaced = false;

  constructor(key: Key) {
    this.key = key;
  }

  /** Whether the text of this digest works at this time. */
  takes(digest: string, nowMs: number): boolean {
    const { key } = this;
    if (this.isReplaced || !isLive(key, nowMs)) return false;
    if (digest === key.digest) return true;
    return digest === key.previous?.digest && nowMs < key.previous.untilMs;
  }
}

/** The digests under which a key may be looked up. */
function digestsOf({ digest, previous }: Key): readonly string[] {
  return previous === undefined ? [digest] : [digest, previous.digest];
}

/** Follows a store of keys. */
export class LiveKeys implements AsyncDisposable {
  readonly #options: LiveKeysOptions;
  readonly #byDigest: LRUCache<string, Entry>;
  readonly #byId = new Map<string, Entry>();
  /** The last changes that were taken over, by key: an older one may come late. */
  readonly #latest = new LRUCache<string, number>({ max: latestMax });
  /** How many changes were taken over. */
  #changes = 0;
  readonly #lookups = new Map<string, Promise<Entry | undefined>>();
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;
  /** Every live key is in memory: one that is not is unknown. */
  #isWhole = false;
  /** The last change that is known; undefined before the first snapshot. */
  #change: number | undefined;
  #syncedMs: number;
  #isFailing = false;

  private constructor(options: LiveKeysOptions) {
    this.#options = options;
    this.#syncedMs = options.clock.nowMs();
    this.#byDigest = new LRUCache({
      max: options.digestsMax ?? digestsMaxDefault,
      // Nobody tells of its changes any more. After the cache is done: what is forgotten leaves it, too.
      disposeAfter: (entry, _digest, reason) => {
        if (reason === "evict") this.#forget(entry);
      },
    });
    this.#following = this.#follow();
  }

  /** Reads the keys; a store that is away is asked again until it is there. */
  static async open(options: LiveKeysOptions): Promise<LiveKeys> {
    const keys = new LiveKeys(options);
    await keys.#synced();
    return keys;
  }

  /**
   * The keys as credentials, of principals that share these groups. A key is unknown while it has one
   * of the `settled` names, which are others': what belongs to a caller does so by name.
   */
  credentials(
    groups: Readonly<Record<string, Group>>,
    settled: ReadonlySet<string> = new Set(),
  ): CredentialStore {
    const foundOf = (entry: Entry | undefined, digest: string): Found | undefined => {
      const { clock } = this.#options;
      if (entry?.takes(digest, clock.wallMs()) !== true) return undefined;
      if (settled.has(entry.key.name)) return undefined;
      const { group } = entry.key;
      return {
        principal: principalOf(entry.key, Object.hasOwn(groups, group) ? groups[group] : undefined),
        isCurrent: () => !this.#isStale() && entry.takes(digest, clock.wallMs()),
      };
    };
    return {
      find: (credential) => {
        if (!isKeyText(credential)) return undefined;
        const digest = digestOf(credential);
        const entry = this.#entryOf(digest);
        return entry instanceof Promise
          ? entry.then((late) => foundOf(late, digest))
          : foundOf(entry, digest);
      },
    };
  }

  /** Takes over a key as it is now, of which the store need not tell any more. */
  apply(key: Key): void {
    if (key.change <= (this.#latest.get(key.id) ?? -1)) return;
    this.#latest.set(key.id, key.change);
    this.#changes += 1;
    const before = this.#byId.get(key.id);
    if (before !== undefined) this.#forget(before);
    const isKnown = before !== undefined || this.#isWhole;
    if (isKnown && isLive(key, this.#options.clock.wallMs())) this.#keep(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }

  #keep(key: Key): Entry {
    const entry = new Entry(key);
    this.#byId.set(key.id, entry);
    for (const digest of digestsOf(key)) {
      // Another one has to go for it.
      if (this.#byDigest.size === this.#byDigest.max) this.#isWhole = false;
      this.#byDigest.set(digest, entry);
    }
    return entry;
  }

  #forget(entry: Entry): void {
    entry.isReplaced = true;
    if (this.#byId.get(entry.key.id) === entry) this.#byId.delete(entry.key.id);
    for (const digest of digestsOf(entry.key)) {
      if (this.#byDigest.peek(digest) === entry) this.#byDigest.delete(digest);
    }
  }

  /** The store has not been heard of for so long that what is known may be wrong. */
  #isStale(): boolean {
    const { clock, outageMs } = this.#options;
    return clock.nowMs() - this.#syncedMs > outageMs;
  }

  /** The entry of a digest. Rejects with KEYS_UNAVAILABLE when it can only be guessed. */
  #entryOf(digest: string): Entry | undefined | Promise<Entry | undefined> {
    if (this.#change === undefined || this.#isStale()) return Promise.reject(unavailable());
    const entry = this.#byDigest.get(digest);
    if (entry !== undefined || this.#isWhole) return entry;
    const lookup = this.#lookups.get(digest);
    if (lookup !== undefined) return lookup;
    if (this.#lookups.size >= lookupsMax) return Promise.reject(unavailable());
    const asked = this.#lookUp(digest).finally(() => this.#lookups.delete(digest));
    this.#lookups.set(digest, asked);
    return asked;
  }

  async #lookUp(digest: string): Promise<Entry | undefined> {
    const { store } = this.#options;
    let key: Key | undefined;
    let changes: number;
    try {
      // A change that came meanwhile may be one of this key.
      do {
        changes = this.#changes;
        key = await store.byDigest(digest);
      } while (changes !== this.#changes);
    } catch (thrown) {
      this.#tell("failing", thrown);
      throw unavailable();
    }
    if (key === undefined) return undefined;
    const known = this.#byId.get(key.id);
    if (known !== undefined) this.#forget(known);
    return this.#keep(key);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    const { clock } = this.#options;
    while (!signal.aborted) {
      try {
        await clock.sleep(pollMs, signal);
      } catch {
        return;
      }
      await this.#synced();
    }
  }

  async #synced(): Promise<void> {
    const startedMs = this.#options.clock.nowMs();
    try {
      if (this.#change === undefined) await this.#readAll();
      else await this.#readChanges(this.#change);
      this.#syncedMs = startedMs;
      this.#tell("working");
    } catch (thrown) {
      this.#tell("failing", thrown);
    }
  }

  async #readAll(): Promise<void> {
    const { store, clock } = this.#options;
    const { max } = this.#byDigest;
    // A key has two digests while its text before works.
    const most = Math.max(1, Math.floor(max / 2));
    const { keys, change } = await store.snapshot(most + 1, clock.wallMs());
    this.#isWhole = keys.length <= most;
    for (const key of keys.slice(0, most).toReversed()) {
      // One that was changed here meanwhile is as that says: its change will not be taken over again.
      if (!this.#latest.has(key.id)) this.#keep(key);
    }
    this.#change = change;
  }

  async #readChanges(after: number): Promise<void> {
    let last = after;
    for (;;) {
      const changes = await this.#options.store.changesAfter(last);
      for (const key of changes) this.apply(key);
      last = changes.at(-1)?.change ?? last;
      this.#change = last;
      if (changes.length < changesMax) return;
    }
  }

  #tell(state: "failing" | "working", cause?: unknown): void {
    if (state === "working" && !this.#isFailing) return;
    this.#isFailing = state === "failing";
    this.#options.onStore(state, cause);
  }
}

function unavailable() {
  return fault("KEYS_UNAVAILABLE", "the database of keys cannot be asked now", {
    retryAfterMs: 1_000,
  });
}
