/** The link to Redis that limits and caches share: each command has its time, and callers fail at once while it cannot be reached. */

import { readFileSync } from "node:fs";
import { Cluster, Redis } from "ioredis";
import { Breaker, type BreakerOutcome } from "#core/breaker.ts";
import type { Clock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import { RedisError, redisError } from "./redis-error.ts";
import type { RedisSettings } from "./redis-settings.ts";

/** A script that runs on the server as a whole. */
export interface RedisScript {
  /** Unique, and another one for another text. */
  readonly name: string;
  readonly lua: string;
  /** Texts of its reply come as bytes. */
  readonly isBinary?: boolean;
}

/** Whether commands are answered. */
export type RedisState = "working" | "away";

/** What a link reports. */
export interface RedisLinkDeps {
  readonly clock: Clock;
  /** Once for each change; `error` says what failed last. */
  readonly onState: (state: RedisState, error?: RedisError) => void;
  /** How each command ended; `skipped`: it was not sent, because Redis is away. */
  readonly onCall: (result: "ok" | "failed" | "skipped") => void;
}

/** An argument of a script. */
export type RedisArgument = string | number | Uint8Array;

/** Time to connect; the next try comes soon. */
const connectMs = 2_000;
/** A connection on which a command waits for so long is given up: the host behind it is gone. */
const deadMs = 5_000;
/** Time for the last commands when the gateway stops. */
const closeMs = 500;
/** Wait before the next try to connect; it grows with each. */
const retryMs = (times: number) => Math.min(times * 50, 500);

/** Opens after three failures in a row, for half a second. */
const breakerOptions = {
  failuresMax: 3,
  failureShare: 2,
  callsMin: Number.POSITIVE_INFINITY,
  windowMs: 10_000,
  openMs: 500,
  openMsMax: 500,
  slowStartMs: 0,
};

type Client = Redis | Cluster;
/** What `defineCommand` adds to a client. */
type Scripts = Record<string, (keys: number, ...rest: RedisArgument[]) => Promise<unknown>>;

/** One command and whoever waits for it. */
interface Sent {
  isSettled: boolean;
  readonly limitMs: number;
  fail(error: RedisError): void;
}

function connect(settings: RedisSettings): Client {
  const { nodes, isCluster, database, username, password, tls } = settings;
  const options = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined
      ? {}
      : { tls: tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) } }),
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: connectMs,
    socketTimeout: deadMs,
    connectionName: "polygate",
  };
  if (isCluster) {
    return new Cluster([...nodes], {
      lazyConnect: true,
      enableOfflineQueue: false,
      redisOptions: options,
      clusterRetryStrategy: retryMs,
      // Addresses as the cluster gives them: certificates hold names, which are not resolved before.
      dnsLookup: (address, told) => told(null, address),
      retryDelayOnFailover: 10,
      retryDelayOnClusterDown: 10,
      maxRedirections: 3,
    });
  }
  const [node] = nodes;
  return new Redis({
    ...options,
    ...node,
    db: database,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryMs,
  });
}

/** The link. */
export class RedisLink implements AsyncDisposable {
  readonly isCluster: boolean;
  readonly #client: Client;
  readonly #deps: RedisLinkDeps;
  readonly #commandMs: number;
  readonly #breaker = new Breaker(breakerOptions);
  readonly #defined = new Set<string>();
  #state: RedisState = "working";
  #connectError: RedisError | undefined;

  constructor(settings: RedisSettings, deps: RedisLinkDeps) {
    this.isCluster = settings.isCluster;
    this.#commandMs = settings.commandMs;
    this.#deps = deps;
    this.#client = connect(settings);
    this.#client.on("error", (thrown) => {
      this.#connectError = redisError(thrown);
    });
    this.#client.on("ready", () => {
      this.#connectError = undefined;
      this.#breaker.tryNow(deps.clock.nowMs());
    });
  }

  /** Connects, or says that Redis is away: no one waits for it longer than that. */
  async open(): Promise<void> {
    const connecting = this.#connect().catch((thrown: unknown) => {
      this.#connectError ??= redisError(thrown);
    });
    await settleWithin(connecting, connectMs, this.#deps.clock);
    if (this.#client.status !== "ready") {
      this.#breaker.openFor(0, this.#deps.clock.nowMs());
      this.#turn("away", this.#connectError ?? new RedisError("it cannot be reached"));
    }
  }

  get state(): RedisState {
    return this.#state;
  }

  /** Nothing would be sent now. */
  isAway(): boolean {
    return this.#breaker.fitness(this.#deps.clock.nowMs()) === "ejected";
  }

  /**
   * Runs a script on keys, which a cluster keeps in one slot. Rejects with a RedisError when its
   * time is over, and at once while Redis is away. `late` gets the reply that came after that.
   */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly RedisArgument[],
    late?: (reply: unknown) => void,
  ): Promise<unknown> {
    const { clock, onCall } = this.#deps;
    if (this.isAway()) {
      onCall("skipped");
      return Promise.reject(this.#connectError ?? new RedisError("it is away"));
    }
    const ticket = this.#breaker.begin(clock.nowMs());
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const end = (outcome: BreakerOutcome) => {
      sent.isSettled = true;
      this.#breaker.end(outcome, ticket, clock.nowMs());
      onCall(outcome === "ok" ? "ok" : "failed");
    };
    const sent: Sent = {
      isSettled: false,
      limitMs: this.#commandMs,
      fail: (error) => {
        if (sent.isSettled) return;
        end("failed");
        if (this.#breaker.state(clock.nowMs()) === "open") this.#turn("away", error);
        reject(error);
      },
    };
    const timer = clock.timer(this.#commandMs, timeOut, sent);
    this.#send(script, keys, args).then(
      (reply) => {
        clock.stop(timer);
        if (sent.isSettled) return late?.(reply);
        end("ok");
        this.#turn("working");
        resolve(reply);
      },
      (thrown: unknown) => {
        clock.stop(timer);
        sent.fail(this.#connectError ?? redisError(thrown));
      },
    );
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await settleWithin(
      this.#client.quit().catch(() => undefined),
      closeMs,
      this.#deps.clock,
    );
    this.#client.disconnect();
  }

  async #connect(): Promise<void> {
    await this.#client.connect();
    // The nodes of a cluster are connected to by their first commands, which have no time for that.
    if (this.#client instanceof Cluster) {
      await Promise.all(this.#client.nodes("master").map((node) => node.ping()));
    }
  }

  async #send(
    { name, lua, isBinary }: RedisScript,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ) {
    if (!this.#defined.has(name)) {
      this.#client.defineCommand(name, { lua });
      this.#defined.add(name);
    }
    // The client sends EVALSHA, and the text where a server does not know it.
    const call = (this.#client as unknown as Scripts)[isBinary ? `${name}Buffer` : name];
    return await call?.call(this.#client, keys.length, ...keys, ...args);
  }

  #turn(state: RedisState, error?: RedisError): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#deps.onState(state, error);
  }
}

/** The time is over, unless the reply only waits to be read: a timer that is late runs before sockets are read. */
function timeOut(sent: Sent): void {
  setImmediate(() => sent.fail(new RedisError(`no reply within ${sent.limitMs} ms`)));
}
