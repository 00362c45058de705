/** A thread that serves calls: a gateway whose connections the main thread has accepted. */

import type { Socket } from "node:net";
import type { MessagePort } from "node:worker_threads";
import { systemClock } from "#core/clock.ts";
import type { ThreadParts } from "#gateway/parts.ts";
import { type Prepared, startGateway, type ThreadGateway } from "#gateway.ts";
import { SharedBuckets } from "#limits/shared-buckets.ts";
import { SharedPlaces } from "#limits/shared-places.ts";
import { createLogger, flushed, type Logger } from "#observability/logger.ts";
import { LoadBoard } from "./load-board.ts";
import type { AskedOfMain, AskedOfThread, ThreadData, ThreadFacts, ToThread } from "./messages.ts";
import { OverAll } from "./over-all.ts";
import { OwnWatches } from "./own-watches.ts";
import { type Answers, PortCalls } from "./port-calls.ts";
import { processClock } from "./process-clock.ts";
import { RemoteHistory } from "./remote-history.ts";
import { RemoteInference } from "./remote-inference.ts";
import { RemoteUploads } from "./remote-uploads.ts";
import { SharedNumbers } from "./shared-numbers.ts";

/** How often the board learns how many requests there are. */
const boardMs = 100;

/** What answers the main thread, but for the calls of other threads. */
function answersOf(
  starting: Promise<ThreadGateway>,
  { logger, onGeneration }: { readonly logger: Logger; onGeneration(generation: number): void },
): Omit<Answers<AskedOfThread>, "call" | "watchNext" | "watchEnd"> {
  let prepared: Prepared | undefined;
  let closing: Promise<void> = Promise.resolve();
  let finishing: Promise<undefined> | undefined;
  const finish = async () => {
    const gateway = await starting;
    await gateway.finish();
    await gateway[Symbol.asyncDispose]();
    await flushed(logger);
    return undefined;
  };
  return {
    start: async () => factsOf(await starting),
    async ready() {
      const gateway = await starting;
      await gateway.ready();
      return factsOf(gateway);
    },
    metrics: async () => await (await starting).metrics(),
    stats: async () => (await starting).stats(),
    async pools({ probeMs }) {
      const { watching } = await starting;
      if (probeMs !== undefined) await watching.probe(probeMs);
      return watching.watched.pools();
    },
    budgets: async () => await (await starting).watching.watched.budgets(),
    renewCertificates: async () => (await starting).renewCertificates(),
    async reopenFiles() {
      logger.reopen();
      (await starting).reopenFiles();
    },
    async prepare({ settings, generation }) {
      await prepared?.[Symbol.asyncDispose]();
      onGeneration(generation);
      prepared = await (await starting).prepare(settings);
    },
    take() {
      const next = prepared;
      prepared = undefined;
      closing = next?.take() ?? Promise.resolve();
      // Whoever asks for its end gets the failure.
      closing.catch(() => {});
    },
    closed: () => closing,
    async drop() {
      const unwanted = prepared;
      prepared = undefined;
      await unwanted?.[Symbol.asyncDispose]();
    },
    announceStop: async () => (await starting).announceStop(),
    // Who replaces it and who stops the process wait for the same calls.
    finish() {
      finishing ??= finish();
      return finishing;
    },
  };
}

/** Starts the gateway of this thread, and has it serve what comes over the port. */
export function serveCalls(port: MessagePort, data: ThreadData): void {
  const { slot, limits, settings } = data;
  const board = new LoadBoard(data.board);
  const numbers = new SharedNumbers(data.numbers);
  const logger = createLogger(settings.logging);
  /** The lock of shared memory knows threads by numbers from 1. */
  const thread = slot + 1;
  let { generation } = data;
  const starting = Promise.withResolvers<ThreadGateway>();
  const overAll: OverAll = new OverAll(() => calls);
  const watches = new OwnWatches((call, signal) => overAll.watched(call, signal));
  const onGeneration = (next: number) => {
    generation = next;
  };
  const answers: Answers<AskedOfThread> = {
    ...answersOf(starting.promise, { logger, onGeneration }),
    async call(call) {
      // One that only starts has no services yet.
      await starting.promise;
      return await overAll.served(call);
    },
    watchNext: (opening) => watches.next(opening),
    watchEnd: (watch) => watches.end(watch),
  };
  const calls = new PortCalls<AskedOfMain, AskedOfThread>(port, answers);
  const take = (listener: number, socket: Socket) => {
    if (socket.destroyed) board.left(slot);
    else socket.once("close", () => board.left(slot));
    starting.promise.then(
      (gateway) => gateway.take(listener, socket),
      () => socket.destroy(),
    );
  };
  port.on("message", (message: ToThread) => {
    if (message.kind === "connection") take(message.listener, message.socket);
    else void calls.receive(message);
  });

  const parts: ThreadParts = {
    buckets: new SharedBuckets(limits, { thread, clock: processClock }),
    places: new SharedPlaces(limits, thread),
    openInference: () => new RemoteInference(calls, systemClock, generation),
    openHistory(stores) {
      const { path, url } = settings.history;
      if (path !== undefined || url !== undefined) stores.set("history", "working");
      return new RemoteHistory(calls, stores);
    },
    uploads: new RemoteUploads(calls),
    numbers: { calls: () => numbers.next("calls"), decisions: () => numbers.next("decisions") },
    exposition: () => calls.ask("exposition", undefined),
    stats: () => calls.ask("allStats", undefined),
    ageMs: () => processClock.nowMs() - data.startedMs,
    configuration: {
      values: () => calls.ask("configValues", undefined),
      status: () => calls.ask("configStatus", undefined),
      check: () => calls.ask("checkConfig", undefined),
      reload: () => calls.ask("reloadConfig", undefined),
      restartWorkers: () => calls.ask("restartWorkers", undefined),
    },
    overAll: (service, own) => overAll.of(service, own),
  };
  startGateway(settings, logger, { thread: parts }).then(starting.resolve, starting.reject);
  starting.promise.then(
    (gateway) => setInterval(() => board.busy(slot, gateway.active), boardMs).unref(),
    // Whoever asks whether it has started gets the failure.
    () => {},
  );
}

function factsOf(gateway: ThreadGateway): ThreadFacts {
  const { backends, models } = gateway.facts();
  return { backends, models };
}
