/** Sessions that were ended on other gateways: each tells the rest in the Redis that they share, and asks there. */

import type { Clock, Timer } from "#core/clock.ts";
import type { RedisArgument, RedisLink, RedisScript } from "#redis/link.ts";
import type { EndedSession } from "./ended-sessions.ts";

/** What it needs of its surroundings. */
export interface SharedEndedSessionsDeps {
  readonly clock: Pick<Clock, "wallMs" | "timer" | "stop">;
  /** Connects; asked by the first session, and again after it has rejected. */
  openLink(): Promise<Pick<RedisLink, "run">>;
}

const key = "polygate:1:{sessions}ended";
/** Most that are remembered; beyond that those that would end first by themselves are good again until then. */
const endedMax = 100_000;
/** Ends that Redis has not taken, which are told again: so many, so often. */
const untoldMax = 1_000;
const againMs = 1_000;

/** Scores are the server's time, which is the same for all gateways. */
const endScript: RedisScript = {
  name: "polygateEndSession1",
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local beyond = redis.call('ZCARD', KEYS[1]) - ${endedMax}
if beyond > 0 then redis.call('ZPOPMIN', KEYS[1], beyond) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
return redis.call('PEXPIREAT', KEYS[1], last[2])
`,
};

const findScript: RedisScript = {
  name: "polygateEndedSession1",
  lua: "return redis.call('ZSCORE', KEYS[1], ARGV[1])",
};

/** The sessions that gateways have ended. None is lost while Redis is away for a moment. */
export class SharedEndedSessions implements AsyncDisposable {
  readonly #deps: SharedEndedSessionsDeps;
  readonly #untold = new Map<string, EndedSession>();
  #link: Promise<Pick<RedisLink, "run">> | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(deps: SharedEndedSessionsDeps) {
    this.#deps = deps;
  }

  /** Tells the others, now or as soon as Redis takes it. Never rejects. */
  async end(session: EndedSession): Promise<void> {
    if (this.#untold.size < untoldMax) this.#untold.set(session.id, session);
    await this.#tell();
  }

  /** Whether a gateway has ended it; false as well where Redis does not say so in time. */
  async has(id: string): Promise<boolean> {
    const score = await this.#run(findScript, [id]);
    return typeof score === "string";
  }

  /** What others were not told yet they are told now, or never. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== undefined) this.#deps.clock.stop(this.#timer);
    if (this.#untold.size > 0) await this.#tell();
  }

  async #tell(): Promise<void> {
    for (const { id, untilWallMs } of [...this.#untold.values()]) {
      const leftMs = Math.ceil(untilWallMs - this.#deps.clock.wallMs());
      if (leftMs > 0 && (await this.#run(endScript, [id, leftMs])) === undefined) {
        this.#tellLater();
        return;
      }
      this.#untold.delete(id);
    }
  }

  #tellLater(): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = this.#deps.clock.timer(againMs, tellAgain, this);
    this.#timer.unref();
  }

  /** What a script says; undefined where it was not run, which the link reports. */
  async #run(script: RedisScript, args: readonly RedisArgument[]): Promise<unknown> {
    try {
      const link = await this.#opened();
      return await link.run(script, [key], args);
    } catch {
      return undefined;
    }
  }

  #opened(): Promise<Pick<RedisLink, "run">> {
    this.#link ??= this.#deps.openLink().catch((thrown: unknown) => {
      this.#link = undefined;
      throw thrown;
    });
    return this.#link;
  }

  /** The timer has run out. */
  tellNow(): void {
    this.#timer = undefined;
    void this.#tell();
  }
}

function tellAgain(sessions: SharedEndedSessions): void {
  sessions.tellNow();
}
