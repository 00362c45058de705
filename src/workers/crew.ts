/** The threads that serve calls: who gets a connection, and who takes the place of one that ends. */

import type { Socket } from "node:net";
import type { WatchedBudget, WatchedPool } from "#alerts/conditions.ts";
import type { Clock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import type { LimitsMemory } from "#limits/shared-memory.ts";
import type { SharedPlaces } from "#limits/shared-places.ts";
import { causeText } from "#observability/cause-text.ts";
import type { MetricSnapshot } from "#observability/family.ts";
import type { Logger } from "#observability/logger.ts";
import type { ConfigurationAdmin } from "#services/config.ts";
import type { StatsSnapshot } from "#services/stats-snapshot.ts";
import { CallThread, type CallThreadDeps } from "./call-thread.ts";
import { leastLoaded } from "./choice.ts";
import { CrashPauses } from "./crash-pauses.ts";
import type { LoadBoard } from "./load-board.ts";
import type { GenerationFacts, OthersAnswer, ServiceCall } from "./messages.ts";
import type { WorkersMetrics } from "./metric-families.ts";
import { lasting, mergedMetrics, ofThread } from "./metric-merge.ts";
import { processClock } from "./process-clock.ts";
import type { SharedHistory } from "./shared-history.ts";
import { SharedNumbers } from "./shared-numbers.ts";
import type { SharedSessions } from "./shared-sessions.ts";
import type { SharedUploads } from "./shared-uploads.ts";
import { SharedWatches } from "./shared-watches.ts";
import { emptyStats, lastingStats, mergedStats } from "./stats-merge.ts";
import { mergedBudgets, mergedPools, unreachedPools } from "./watched-merge.ts";

/** What the crew is made of. */
export interface CrewDeps extends Pick<CallThreadDeps, "startWorker"> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WorkersMetrics;
  readonly board: LoadBoard;
  readonly limits: LimitsMemory;
  /** The models of all threads. */
  readonly sessions: SharedSessions;
  /** The history of all threads. */
  readonly history: SharedHistory;
  /** The uploads of all threads. */
  readonly uploads: SharedUploads;
  /** Calls in progress of threads that have ended are given back here. */
  readonly places: Pick<SharedPlaces, "ended">;
  /** The metrics of all, as Prometheus reads them. */
  exposition(): Promise<string>;
  /** What administrators see of the configuration of the process, and do to it. */
  readonly configuration: ConfigurationAdmin;
  /** Too many threads have crashed: another process has to try. */
  onGivenUp(): void;
}

/** A connection that was handed over may have its first bytes on their way, in milliseconds. */
const firstWordMs = 1_000;
/** A thread that does not respond in this time is reported as it was before. */
const countMs = 1_000;
/** One that ends has no other chance to be reported. */
const lastCountMs = 15_000;
/** How long a new thread may take to reach what the one before reaches; how long it probes, and rests, at a time. */
const reachMs = 15_000;
const probeMsMax = 5_000;
const reachPauseMs = 100;
/** Acts that later threads have to repeat. */
const actsMax = 10_000;

/** Why a thread is started again. */
type Cause = "crash" | "restart";

/** All threads. Disposing of them ends them, calls or not. */
export class Crew implements AsyncDisposable {
  readonly #deps: CrewDeps;
  /** Those that get connections. */
  readonly #serving = new Set<CallThread>();
  /** Those that exist. */
  readonly #threads = new Set<CallThread>();
  /** Those that do not serve yet, and the one whose place each is to take; undefined where that one has ended. */
  readonly #starting = new Map<CallThread, CallThread | undefined>();
  readonly #pauses = new CrashPauses();
  readonly #numbers = new SharedNumbers().buffer;
  readonly #watches = new SharedWatches();
  readonly #startedMs = processClock.nowMs();
  /** What threads that start from now on have to do as well, by subject, the last first. */
  readonly #acts = new Map<string, ServiceCall>();
  /** What was counted by threads that have ended. */
  #left: readonly MetricSnapshot[] = [];
  #leftStats = emptyStats;
  #facts: GenerationFacts;
  #isEnding = false;
  #restarting: Promise<void> | undefined;
  /** Resolves when all threads serve by the settings that were taken last. */
  #switching: Promise<unknown> = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(facts: GenerationFacts, deps: CrewDeps) {
    this.#facts = facts;
    this.#deps = deps;
  }

  /** Starts the threads; rejects with what keeps one from serving. */
  async start(): Promise<void> {
    const { workers } = this.#facts.settings;
    const threads = Array.from({ length: workers }, () => this.#open());
    await Promise.all(threads.map((thread) => thread.start()));
    for (const thread of threads) this.#enter(thread);
  }

  /** Those that serve. */
  get serving(): readonly CallThread[] {
    return [...this.#serving];
  }

  /** Has the thread with least to do serve a connection; `connectionsMax` bounds those of one thread. */
  take(listener: number, socket: Socket, connectionsMax: number): void {
    const threads = [...this.#serving];
    const loads = threads.map(({ slot }) => this.#deps.board.of(slot));
    const chosen = leastLoaded(loads);
    const load = chosen === undefined ? undefined : loads[chosen];
    if (load === undefined || load.connections >= connectionsMax) {
      this.#deps.metrics.workerRefusals.inc({ reason: load === undefined ? "no_thread" : "full" });
      socket.destroy();
      return;
    }
    threads[chosen ?? 0]?.take(listener, socket);
  }

  /** Brings the gauges of threads up to the moment. */
  refreshGauges(): void {
    const { board, metrics } = this.#deps;
    metrics.workerConnections.reset();
    for (const { slot } of this.#threads) {
      metrics.workerConnections.set({ thread: slot + 1 }, board.of(slot).connections);
    }
  }

  /** What all threads have counted, those that have ended included. */
  async counted(): Promise<readonly MetricSnapshot[]> {
    await Promise.all([...this.#threads].map((thread) => thread.count(countMs)));
    // What ended meanwhile is among those that have left.
    return mergedMetrics([...this.#living().map(({ counted }) => ofThread(counted)), this.#left]);
  }

  /** The same, for statistics. */
  async stats(): Promise<StatsSnapshot> {
    await Promise.all([...this.#threads].map((thread) => thread.countStats(countMs)));
    return mergedStats([...this.#living().map(({ stats }) => stats), this.#leftStats]);
  }

  /** What threads measure of endpoints. Rejects when none answers. */
  async pools(): Promise<readonly WatchedPool[]> {
    return mergedPools(await this.#answersOf(({ calls }) => calls.ask("pools", {})));
  }

  /** What threads measure of budgets. Rejects when none answers. */
  async budgets(): Promise<readonly WatchedBudget[]> {
    return mergedBudgets(await this.#answersOf(({ calls }) => calls.ask("budgets", undefined)));
  }

  /** Of those that serve, as far as they answer. Rejects when none does. */
  async #answersOf<T>(ask: (thread: CallThread) => Promise<T>): Promise<readonly T[]> {
    const answers: T[] = [];
    const asked = this.serving.map(async (thread) => answers.push(await ask(thread)));
    await Promise.all(asked.map((one) => settleWithin(one, countMs, this.#deps.clock)));
    if (answers.length === 0) throw new Error("no thread answers");
    return answers;
  }

  /** In the order of their slots. */
  #living(): readonly CallThread[] {
    return [...this.#threads].toSorted((one, other) => one.slot - other.slot);
  }

  /** Has all others do what one was asked for. */
  async others(asking: CallThread, { subject, ...call }: ServiceCall): Promise<OthersAnswer> {
    if (subject !== undefined) this.#remember(subject, call);
    const others = [...this.#threads].filter((thread) => thread !== asking);
    const answers = await Promise.allSettled(others.map(({ calls }) => calls.ask("call", call)));
    const responses: Uint8Array[] = [];
    const failures: string[] = [];
    for (const [place, answer] of answers.entries()) {
      if (answer.status === "fulfilled") responses.push(answer.value);
      // One that has ended need not do anything any more: the one after it does all that is remembered.
      else if (this.#threads.has(others[place] as CallThread)) {
        failures.push(causeText(answer.reason));
      }
    }
    return { responses, failures };
  }

  /** Builds other settings in all threads; rejects, and none keeps them, where one cannot. */
  async prepare(facts: GenerationFacts): Promise<readonly CallThread[]> {
    await this.#restarting;
    const threads = this.serving;
    const built = await Promise.allSettled(threads.map(({ calls }) => calls.ask("prepare", facts)));
    const failed = built.find((one) => one.status === "rejected");
    if (failed === undefined) return threads;
    await this.drop(threads);
    throw failed.reason;
  }

  /** Has all threads serve by what was built, those that came in the meantime included. */
  async takePrepared(facts: GenerationFacts, prepared: readonly CallThread[]): Promise<void> {
    this.#facts = facts;
    this.#acts.clear();
    const threads = [...this.#threads];
    const switching = Promise.all(
      threads.map((thread) =>
        prepared.includes(thread) ? this.#take(thread, facts) : this.#takeNew(thread, facts),
      ),
    );
    this.#switching = switching.catch(() => {});
    await switching;
    await Promise.all(
      threads.map((thread) => this.#unlessEnded(thread, thread.calls.ask("closed", undefined))),
    );
  }

  async #take(thread: CallThread, { generation }: GenerationFacts): Promise<void> {
    thread.generation = generation;
    await this.#unlessEnded(thread, thread.calls.ask("take", undefined));
  }

  /** One that was not there when others prepared. Where it cannot, another one has to start by these settings. */
  async #takeNew(thread: CallThread, facts: GenerationFacts): Promise<void> {
    try {
      await thread.calls.ask("prepare", facts);
    } catch (thrown) {
      await thread.end(thrown);
      return;
    }
    await this.#take(thread, facts);
  }

  /** Lets go of what was built. */
  async drop(threads: readonly CallThread[]): Promise<void> {
    await Promise.allSettled(threads.map(({ calls }) => calls.ask("drop", undefined)));
  }

  /** Threads are being replaced. */
  get isRestarting(): boolean {
    return this.#restarting !== undefined;
  }

  /** Resolves when all threads serve by the settings that were taken last. */
  async switched(): Promise<void> {
    await this.#switching;
  }

  /**
   * Replaces the threads one after the other, each when the one before serves. One such round at a time.
   * Never rejects: the log tells when all are new, or why they are not.
   */
  restart(): Promise<void> {
    const { logger } = this.#deps;
    this.#restarting ??= this.#restartAll()
      .then(
        () => logger.info("all threads are new"),
        (thrown) => {
          if (this.#isEnding) return;
          logger.error({ error: causeText(thrown) }, "threads stay as they are");
        },
      )
      .finally(() => {
        this.#restarting = undefined;
      });
    return this.#restarting;
  }

  /** Asks all threads for something; those that end meanwhile need not answer. */
  async askAll(
    what: "announceStop" | "renewCertificates" | "reopenFiles" | "finish",
  ): Promise<void> {
    await Promise.allSettled([...this.#threads].map(({ calls }) => calls.ask(what, undefined)));
  }

  /** No thread is started any more, and those that only start are ended: nobody has to wait for them. */
  stopStarting(): void {
    this.#isEnding = true;
    this.#ending.abort();
    for (const thread of this.#starting.keys()) void thread.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopStarting();
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  /** A thread that is to serve, in the place of `old` where that one serves still. */
  #open(old?: CallThread): CallThread {
    const { startWorker, board, limits, sessions, history, uploads } = this.#deps;
    const { exposition, configuration } = this.#deps;
    const slot = this.#freeSlot();
    const thread = new CallThread(
      {
        ...{ ...this.#facts, slot, limits, startedMs: this.#startedMs },
        ...{ board: board.buffer, numbers: this.#numbers },
      },
      {
        startWorker,
        board,
        answersFor: (asking) => ({
          exposition,
          allStats: () => this.stats(),
          recordHistory: (samples) => history.record(samples),
          flushHistory: () => history.flush(),
          readHistory: (reading) => history.next(slot, reading),
          endReading: (reading) => history.stop(slot, reading),
          ...uploads.answersFor(slot),
          configValues: () => configuration.values(),
          configStatus: () => configuration.status(),
          checkConfig: () => configuration.check(),
          reloadConfig: () => configuration.reload(),
          restartWorkers: () => configuration.restartWorkers(),
          others: (call) => this.others(asking, call),
          openWatch: (opening) => this.#watches.open(asking, opening),
          nextWatched: (watch) => this.#watches.next(asking, watch),
          endWatch: (watch) => this.#watches.end(asking, watch),
          loadSession: (load) => sessions.load(slot, load),
          unloadSession: (key) => sessions.unload(slot, key),
          infer: (inference) => sessions.run(slot, inference),
          cancelInference: (run) => sessions.cancel(slot, run),
        }),
        onExit: (ended, cause) => this.#ended(ended, cause),
      },
    );
    this.#threads.add(thread);
    this.#starting.set(thread, old);
    return thread;
  }

  #freeSlot(): number {
    const taken = new Set([...this.#threads].map(({ slot }) => slot));
    const slots = Array.from({ length: this.#deps.limits.slots }, (_, slot) => slot);
    const free = slots.find((slot) => !taken.has(slot));
    if (free === undefined) throw new Error("there are as many threads as there may be");
    return free;
  }

  #enter(thread: CallThread): void {
    if (!this.#threads.has(thread)) return;
    this.#starting.delete(thread);
    this.#serving.add(thread);
    this.#watches.entered(thread);
    this.#deps.metrics.workers.set(this.#serving.size);
  }

  #leave(thread: CallThread): void {
    this.#serving.delete(thread);
    this.#deps.metrics.workers.set(this.#serving.size);
  }

  /** What is asked of a thread that ends meanwhile need not be done: the one after it does as is asked then. */
  async #unlessEnded(thread: CallThread, asked: Promise<unknown>): Promise<void> {
    try {
      await asked;
    } catch (thrown) {
      if (this.#threads.has(thread)) throw thrown;
    }
  }

  #remember(subject: string, call: ServiceCall): void {
    this.#acts.delete(subject);
    this.#acts.set(subject, call);
    if (this.#acts.size <= actsMax) return;
    for (const oldest of this.#acts.keys()) {
      this.#acts.delete(oldest);
      return;
    }
  }

  /** Starts a thread that serves as the others do: it is to have the place of `old`, or of one that has crashed. */
  async #replace(cause: Cause, old?: CallThread): Promise<void> {
    const thread = this.#open(old);
    try {
      await thread.start();
      await thread.calls.ask("ready", undefined);
      for (const act of this.#acts.values()) await thread.calls.ask("call", act);
      if (old !== undefined) await this.#untilReaching(thread, old);
      if (!this.#threads.has(thread)) throw new Error("the new thread has ended");
    } catch (thrown) {
      await thread.end(thrown);
      throw thrown;
    }
    this.#deps.metrics.workerStarts.inc({ cause });
    this.#enter(thread);
  }

  /** Resolves when a thread reaches whatever the one before reaches; rejects when it does not in time. */
  async #untilReaching(thread: CallThread, old: CallThread): Promise<void> {
    const { clock } = this.#deps;
    const endMs = clock.nowMs() + reachMs;
    for (;;) {
      const told = [old, thread].map(({ calls }) => calls.ask("pools", { probeMs: probeMsMax }));
      const [before, now] = await Promise.allSettled(told);
      // One that has ended meanwhile reaches nothing.
      if (before?.status !== "fulfilled") return;
      if (now?.status !== "fulfilled") throw now?.reason;
      const [first] = unreachedPools(before.value, now.value);
      if (first === undefined) return;
      if (clock.nowMs() >= endMs) throw new Error(`the new thread reaches no endpoint of ${first}`);
      await clock.sleep(reachPauseMs, this.#ending.signal);
    }
  }

  async #restartAll(): Promise<void> {
    const { logger, clock } = this.#deps;
    for (const old of this.serving) {
      this.#ending.signal.throwIfAborted();
      if (!this.#serving.has(old)) continue;
      await this.#replace("restart", old);
      this.#leave(old);
      logger.info({ thread: old.slot + 1 }, "thread is replaced");
      // Connections that it was given last have their first request on the way.
      await clock.sleep(firstWordMs);
      await old.calls.ask("finish", undefined).catch(() => {});
      await Promise.all([old.count(lastCountMs), old.countStats(lastCountMs)]);
      await old.end();
    }
  }

  #ended(thread: CallThread, cause: unknown): void {
    const isSpare = this.#isSpare(this.#starting.get(thread));
    this.#threads.delete(thread);
    this.#starting.delete(thread);
    this.#leave(thread);
    this.#deps.places.ended(thread.slot + 1);
    void this.#deps.sessions.ended(thread.slot);
    this.#deps.history.ended(thread.slot);
    void this.#deps.uploads.ended(thread.slot);
    this.#watches.ended(thread);
    this.#left = mergedMetrics([this.#left, lasting(ofThread(thread.counted))]);
    this.#leftStats = lastingStats(mergedStats([this.#leftStats, thread.stats]));
    if (cause === undefined || this.#isEnding) return;
    if (isSpare) this.#deps.metrics.workerHandoverFailures.inc({});
    else this.#crashed(thread, cause);
  }

  /** Whether nothing is missing without a thread that is to have the place of `old`: that one serves on. */
  #isSpare(old: CallThread | undefined): boolean {
    return old !== undefined && this.#serving.has(old);
  }

  /** Threads that serve, and those that will in places that nobody has. */
  get #expected(): number {
    const coming = [...this.#starting.values()].filter((old) => !this.#isSpare(old));
    return this.#serving.size + coming.length;
  }

  #crashed(thread: CallThread, cause: unknown): void {
    const { logger, clock, onGivenUp } = this.#deps;
    const pauseMs = this.#pauses.next(clock.nowMs());
    const facts = { thread: thread.slot + 1, err: cause };
    if (pauseMs === undefined) {
      logger.fatal(facts, "too many threads crashed");
      onGivenUp();
      return;
    }
    logger.error({ ...facts, restart_ms: pauseMs }, "thread crashed");
    void this.#replaceAfter(pauseMs);
  }

  async #replaceAfter(pauseMs: number): Promise<void> {
    try {
      await this.#deps.clock.sleep(pauseMs, this.#ending.signal);
      if (this.#isEnding) return;
      // Another one may have its place already, or be about to.
      if (this.#expected < this.#facts.settings.workers) await this.#replace("crash");
    } catch {
      // It was reported as another crash, or no thread is started any more.
    }
  }
}
