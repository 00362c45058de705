/** A JWK set at a URL: fetched within bounds, again when it is old or a token names a key that it lacks, and kept while the URL is down. */

import type { KeyObject } from "node:crypto";
import { type Clock, timeLimit } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { HttpClient } from "#http-client/client.ts";
import { KeySet, type KeySource, type TokenAlgorithm } from "./key-set.ts";

/** Where the set is and how often it is asked for. */
export interface RemoteKeysOptions {
  /** Of the operator: nothing that a token says leads anywhere. */
  readonly url: string;
  /** Least time between two requests. */
  readonly cooldownMs: number;
  /** Age at which the set is asked for again, while the old one goes on. */
  readonly refreshMs: number;
  readonly timeoutMs: number;
}

/** The outcome of one request for the set; a cause is for the log only. */
export type KeysReport = { readonly keys: number } | { readonly cause: unknown };

/** The last set that a URL gave, for whoever takes over from one that is closed. */
export interface KeptKeys {
  last?: { readonly url: string; readonly set: KeySet };
}

/** What it needs besides. */
export interface RemoteKeysDeps {
  readonly clock: Clock;
  readonly kept: KeptKeys;
  onFetch(report: KeysReport): void;
}

/** Largest set, in bytes. */
const bytesMax = 1024 * 1024;

/** Keys of a URL. Disposing of it cuts off a request in progress. */
export class RemoteKeys implements KeySource, AsyncDisposable {
  readonly #options: RemoteKeysOptions;
  readonly #deps: RemoteKeysDeps;
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #closing = new AbortController();
  #set: KeySet | undefined;
  /** Monotonic times of the last request, and of the last one that brought a set. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #broughtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(options: RemoteKeysOptions, deps: RemoteKeysDeps) {
    this.#options = options;
    this.#deps = deps;
    const { origin, pathname, search } = new URL(options.url);
    this.#client = new HttpClient(origin, {
      connectionsMax: 1,
      connectTimeoutMs: options.timeoutMs,
    });
    this.#path = pathname + search;
    if (deps.kept.last?.url === options.url) this.#set = deps.kept.last.set;
  }

  get trustMs(): number {
    return this.#options.refreshMs;
  }

  /** Whether there is a set. */
  get isKnown(): boolean {
    return this.#set !== undefined;
  }

  /** Asks for the set unless it was asked for a moment ago; resolves when that is over, whatever came of it. */
  async refresh(): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#asking === undefined && nowMs - this.#askedMs < this.#options.cooldownMs) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  find(
    algorithm: TokenAlgorithm,
    keyId: string | undefined,
  ): KeyObject | undefined | Promise<KeyObject | undefined> {
    const key = this.#set?.find(algorithm, keyId);
    if (key === undefined) return this.#findLater(algorithm, keyId);
    const ageMs = this.#deps.clock.nowMs() - this.#broughtMs;
    if (ageMs >= this.#options.refreshMs) void this.refresh();
    return key;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#client[Symbol.asyncDispose]();
  }

  async #findLater(
    algorithm: TokenAlgorithm,
    keyId: string | undefined,
  ): Promise<KeyObject | undefined> {
    await this.refresh();
    if (this.#set === undefined) {
      throw fault("IDENTITY_UNAVAILABLE", "the keys that verify tokens cannot be fetched now");
    }
    return this.#set.find(algorithm, keyId);
  }

  async #ask(): Promise<void> {
    const { clock, kept, onFetch } = this.#deps;
    this.#askedMs = clock.nowMs();
    try {
      const set = new KeySet(await this.#fetched());
      this.#set = set;
      kept.last = { url: this.#options.url, set };
      this.#broughtMs = clock.nowMs();
      onFetch({ keys: set.size });
    } catch (cause) {
      if (!this.#closing.signal.aborted) onFetch({ cause });
    }
  }

  async #fetched(): Promise<string> {
    const { timeoutMs } = this.#options;
    using limit = timeLimit(timeoutMs, this.#closing.signal, this.#deps.clock);
    const { status, bytes } = await this.#client.send({
      method: "GET",
      path: this.#path,
      headers: { accept: "application/jwk-set+json, application/json" },
      signal: limit.signal,
      headTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
    });
    const body = await bytes(bytesMax);
    // A redirection is not followed: it leads where the operator has not pointed.
    if (status !== 200) throw new Error(`the URL answered with status ${status}`);
    if (body === undefined) throw new Error(`the set is larger than ${bytesMax} bytes`);
    return Buffer.from(body.buffer, body.byteOffset, body.length).toString();
  }
}
