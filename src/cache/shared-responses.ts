/** Responses that gateways share in Redis, behind those that each keeps in memory: found and left within the time of one command. */

import { createHash, randomUUID } from "node:crypto";
import type { Clock, Timer } from "#core/clock.ts";
import type { RedisLink, RedisScript } from "#redis/link.ts";
import type { CacheMetrics } from "./metric-families.ts";
import type { Piece } from "./piece.ts";
import { decodePieces, encodePieces } from "./piece-codec.ts";

/** Bounds of what is shared. */
export interface SharedResponsesOptions {
  /** Bytes of one response. */
  readonly entryBytesMax: number;
  /** How long one is given to others, in milliseconds. */
  readonly ttlMs: number;
}

/** What it needs of its surroundings. */
export interface SharedResponsesDeps {
  readonly link: Pick<RedisLink, "run">;
  readonly clock: Clock;
  readonly metrics: CacheMetrics;
}

/** A response that was found. */
export interface SharedResponse {
  readonly pieces: readonly Piece[];
  /** How long it may still be given to others, in milliseconds. */
  readonly leftMs: number;
}

/** Told of what other gateways have let go: responses to calls for a model, or all. */
export type OnPurged = (model: string | undefined) => void;

const prefix = "polygate:1:";
const purgesKey = `${prefix}{responses}purges`;
/** Time between two looks at what other gateways have let go. */
const purgesEveryMs = 1_000;
/** Models whose purges are remembered, and characters of their names; another one lets all go. */
const purgesMax = 1_000;
const nameLengthMax = 256;
/** The longest that a response lives: a purge is remembered for longer. */
const purgesKeptMs = 25 * 60 * 60 * 1_000;
/** Bytes that are on their way to Redis at one time; a response beyond them is not shared. */
const leavingBytesMax = 16 * 1024 * 1024;

const findScript: RedisScript = {
  name: "polygateFind1",
  isBinary: true,
  lua: `
local size = redis.call('STRLEN', KEYS[1])
if size == 0 or size > tonumber(ARGV[1]) then return false end
return { redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1]) }
`,
};

const leaveScript: RedisScript = {
  name: "polygateLeave1",
  lua: "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])",
};

/** Fields are names of models, and nothing for all; values are other ones with each purge. */
const purgeScript: RedisScript = {
  name: "polygatePurge1",
  lua: `
local field = ARGV[1]
if field == '' or redis.call('HLEN', KEYS[1]) >= ${purgesMax} then
  redis.call('DEL', KEYS[1])
  field = ''
end
redis.call('HSET', KEYS[1], field, ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ${purgesKeptMs})
`,
};

const purgesScript: RedisScript = {
  name: "polygatePurges1",
  lua: "return redis.call('HGETALL', KEYS[1])",
};

/** The second level of the cache. */
export class SharedResponses implements AsyncDisposable {
  readonly #options: SharedResponsesOptions;
  readonly #deps: SharedResponsesDeps;
  /** The last purge of each model, that of all under nothing; undefined until they were read. */
  #purges: ReadonlyMap<string, string> | undefined;
  /** Purges of this gateway that Redis has not heard of yet. */
  readonly #untold = new Map<string, string>();
  #leavingBytes = 0;
  #timer: Timer | undefined;
  #isClosed = false;
  #told: OnPurged | undefined;

  constructor(options: SharedResponsesOptions, deps: SharedResponsesDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Whom to tell what other gateways have let go. */
  onPurged(told: OnPurged): void {
    this.#told = told;
  }

  /** Nothing is found before this: reads what gateways have let go, and again each second. */
  async begin(): Promise<void> {
    await this.#tellPurges();
    const found = await this.#run(purgesScript, purgesKey, []);
    // What this gateway has let go meanwhile is not among them yet.
    if (Array.isArray(found) && this.#untold.size === 0) this.#adopt(found);
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.timer(purgesEveryMs, again, this);
    this.#timer.unref();
  }

  /** Undefined where there is none, or Redis does not answer in time. */
  async find(key: string, model: string): Promise<SharedResponse | undefined> {
    const { metrics } = this.#deps;
    const name = this.#keyOf(key, model);
    if (name === undefined) return undefined;
    const reply = await this.#run(findScript, name, [this.#options.entryBytesMax]);
    const [bytes, leftMs] = Array.isArray(reply) ? reply : [];
    const pieces = bytes instanceof Uint8Array ? decodePieces(bytes) : undefined;
    metrics.cacheShared.inc({ result: pieces === undefined ? "miss" : "hit" });
    return pieces && { pieces, leftMs: Math.max(0, Number(leftMs)) };
  }

  /** Leaves a response for others. No call waits for it. */
  leave(key: string, model: string, pieces: readonly Piece[]): void {
    const { metrics } = this.#deps;
    const name = this.#keyOf(key, model);
    if (name === undefined) return;
    const bytes = encodePieces(pieces);
    if (this.#leavingBytes + bytes.length > leavingBytesMax) {
      metrics.cacheShared.inc({ result: "lost" });
      return;
    }
    this.#leavingBytes += bytes.length;
    const args = [bytes, Math.ceil(this.#options.ttlMs)];
    void this.#run(leaveScript, name, args).then((reply) => {
      this.#leavingBytes -= bytes.length;
      metrics.cacheShared.inc({ result: reply === undefined ? "lost" : "left" });
    });
  }

  /** Lets go of responses to calls for a model, or of all; other gateways do so within about a second. */
  purge(model?: string): void {
    const isNamed = model !== undefined && model.length <= nameLengthMax;
    const field = isNamed && this.#untold.size < purgesMax ? model : "";
    const id = randomUUID();
    this.#untold.set(field, id);
    this.#purges = new Map(this.#purges).set(field, id);
    void this.#tellPurges();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#deps.clock.stop(this.#timer);
    await this.#tellPurges();
  }

  /** What was let go is never looked for again: its key is another one now. */
  #keyOf(key: string, model: string): string | undefined {
    if (this.#purges === undefined) return undefined;
    const words = JSON.stringify([key, model, this.#purges.get(""), this.#purges.get(model)]);
    return `${prefix}response:${createHash("sha256").update(words).digest("base64url")}`;
  }

  async #tellPurges(): Promise<void> {
    for (const [field, id] of [...this.#untold]) {
      const reply = await this.#run(purgeScript, purgesKey, [field, id]);
      if (reply === undefined) return;
      if (this.#untold.get(field) === id) this.#untold.delete(field);
    }
  }

  #adopt(found: readonly unknown[]): void {
    const purges = new Map<string, string>();
    for (let place = 0; place + 1 < found.length; place += 2) {
      purges.set(String(found[place]), String(found[place + 1]));
    }
    const before = this.#purges;
    this.#purges = purges;
    if (before === undefined) return;
    for (const [field, id] of purges) {
      if (before.get(field) !== id) this.#told?.(field === "" ? undefined : field);
    }
  }

  /** Undefined for whatever fails: the cache is then as if it were not shared. */
  async #run(
    script: RedisScript,
    key: string,
    args: readonly (string | number | Uint8Array)[],
  ): Promise<unknown> {
    try {
      return await this.#deps.link.run(script, [key], args);
    } catch {
      return undefined;
    }
  }
}

function again(responses: SharedResponses): void {
  void responses.begin();
}
