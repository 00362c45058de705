/** Composition root: builds every room, back to front, and opens the listeners. */

import type { Socket } from "node:net";
import type { PredictBackend } from "#backends/backend.ts";
import { Statistics } from "#backends/inference-statistics.ts";
import type { OnnxBackend } from "#backends/onnx/backend.ts";
import { openCallHistory } from "#call-history.ts";
import type { PredictCatalog } from "#catalog/predict-catalog.ts";
import type { Settings } from "#config/settings.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { createServing, type Front, type FrontOptions, openFront, type Serving } from "#front.ts";
import { openOwnAlerts, type WatchedFacts, watchedFacts } from "#gateway/alerts.ts";
import { renewCertificates, tellCertificates } from "#gateway/certificates.ts";
import { chatPoolsOf, openChat } from "#gateway/chat-side.ts";
import { configurationAdmin, openReloads } from "#gateway/configuration.ts";
import { requireFixed } from "#gateway/fixed-settings.ts";
import { frontDeps, frontOptions, gaugedPools } from "#gateway/front-options.ts";
import { namesOf, type ProcessParts, type Shared, type ThreadParts } from "#gateway/parts.ts";
import { openHooks, openIdentity, openLimiter, openShared } from "#gateway/policy.ts";
import { openPredict, openPredictCatalog } from "#gateway/predict-side.ts";
import {
  keptBuckets,
  keptIds,
  openAudit,
  openLoad,
  openTraces,
  openUploads,
} from "#gateway/process.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { accessText, shownAccess } from "#identity/access.ts";
import { createMetrics } from "#metrics.ts";
import { type MetricSnapshot, snapshotOf } from "#observability/family.ts";
import type { Logger } from "#observability/logger.ts";
import { createStats } from "#observability/stats.ts";
import type { StoreStates } from "#observability/store-states.ts";
import { type GaugedPools, refreshGauges } from "#pages.ts";
import { EndedSessions } from "#portal/ended-sessions.ts";
import { createRecords } from "#records.ts";
import type { ConfigurationSource, ReloadCause, ReloadReport, Reloads } from "#reload/reloads.ts";
import type { CallPath } from "#rpc/call.ts";
import { createHealthStatus } from "#rpc/health.ts";
import { inferenceMetrics } from "#services/inference-metrics.ts";
import { type StatsSnapshot, statsSnapshotOf } from "#services/stats-snapshot.ts";
import { openKeys } from "#stored-keys.ts";

/** Settings that are built and wait to serve. Disposing of them before they do closes what was built. */
export interface Prepared extends AsyncDisposable {
  /**
   * Serves by these settings from now on, open connections included. Resolves when the generation
   * before is closed: its calls have ended, or were cut off after its `drain_timeout`.
   */
  take(): Promise<void>;
}

/** A gateway that serves in a thread, among others like it. */
export interface ThreadGateway extends Gateway {
  /** Serves a connection of a listener that was accepted elsewhere and not read from. */
  take(listener: number, socket: Socket): void;
  /** Requests that have come and not ended. */
  readonly active: number;
  /** Its services with all policy, for a server of somebody else's. */
  readonly calls: CallPath;
  /** What it has counted, as plain data. */
  metrics(): Promise<readonly MetricSnapshot[]>;
  /** What it has counted for statistics, as plain data. */
  stats(): StatsSnapshot;
  /** What it measures of endpoints and budgets, and how it probes. */
  readonly watching: Pick<Generation, "watched" | "probe">;
  /** Is not ready any more, for whoever asks, and goes on serving. */
  announceStop(): void;
  /** Takes no more calls, as `drain` does, at once. */
  finish(): Promise<void>;
}

/** A gateway that serves. */
export interface Gateway extends AsyncDisposable {
  /** What it listens on and offers, in words. */
  facts(): {
    readonly listeners: readonly {
      readonly name: string;
      readonly url: string;
      readonly serves: readonly string[];
      /** What is asked of callers there, in words; absent where no calls can be made. */
      readonly asks?: string;
    }[];
    readonly backends: readonly string[];
    readonly models: readonly string[];
  };
  /** Resolves when every model has loaded or failed to. */
  ready(): Promise<void>;
  /**
   * Builds all that other settings ask for, models loaded, beside what serves. Rejects with an error
   * named FixedSettingError, and changes nothing, for what cannot change while the process lives.
   */
  prepare(settings: Settings): Promise<Prepared>;
  /** Reads the configuration again, and serves by it where it is sound. Never rejects. */
  reload(cause: ReloadCause): Promise<ReloadReport>;
  /** Takes no more calls; resolves when those in progress have ended or their time is up. */
  drain(): Promise<void>;
  /** Has listeners read their certificates again. */
  renewCertificates(): void;
  /** Opens files again that may have been moved away. */
  reopenFiles(): void;
}

/** All that is built from settings: made whole, put in the place of another in one step, drained. */
interface Generation extends AsyncDisposable {
  readonly settings: Settings;
  readonly options: FrontOptions;
  readonly gauged: GaugedPools;
  readonly serving: Serving;
  /** The models of this process. */
  readonly local: OnnxBackend;
  readonly predict: PredictCatalog;
  /** What alerts look at. */
  readonly watched: WatchedFacts;
  /** Probes all endpoints; resolves when each has answered, or after `capMs`. */
  probe(capMs: number): Promise<void>;
  /** Takes the place of the generation before, for what the process says of itself. */
  take(): void;
  /** Another one has taken its place. */
  retire(): void;
}

/** What the gateway says of itself once it is up. */
function factsOf(
  { auth, listeners, chat, providers, modelServers, onnx }: Settings,
  front: Front,
  predict: PredictBackend,
) {
  const accessOn = shownAccess(auth);
  return {
    listeners: front.listeners.map(({ name, url }, index) => {
      const serves = listeners[index]?.serves ?? [];
      const takesCalls = serves.some((surface) => surface !== "metrics");
      return { name, url, serves, ...(takesCalls && { asks: accessText(accessOn(name)) }) };
    }),
    backends: [
      ...(chat.cores.length === 0
        ? ["embedded core"]
        : chat.cores.map(({ id, url }) => `${id} ${url}`)),
      ...chat.queries.map(({ id, url }) => `${id} ${url}`),
      ...providers.map(({ name, dialect, source }) => `${name} (${dialect}), by ${source}`),
      `${predict.kind}, ${onnx.workers} worker${onnx.workers === 1 ? "" : "s"}`,
      ...modelServers.map(
        ({ name, protocol, endpoints, discovery }) =>
          `${name} (${protocol}), ${discovery?.written ?? endpoints.map(({ url }) => url).join(", ")}`,
      ),
    ],
    models: predict.models().map(({ name, state }) => `${name} (${state})`),
  };
}

/** Builds a generation. Disposing of it closes its pools, models and hooks. */
async function openGeneration(
  parts: ProcessParts,
  settings: Settings,
  isDraining: () => boolean,
): Promise<Generation> {
  await using opening = new AsyncDisposableStack();
  let place: "waiting" | "taken" | "retired" = "waiting";
  const setServing = (serving: boolean) => {
    if (place === "taken") parts.health.set(ChatService.typeName, serving);
  };
  const store = await openShared(parts, settings, opening);
  const limiter = openLimiter(parts, settings, store?.limits);
  const shared: Shared = { ...parts, settings, store, limiter, setServing };
  const chat = await openChat(shared);
  for (const { pool } of chatPoolsOf(chat)) opening.use(pool);
  for (const discovery of chat.discoveries) opening.use(discovery);
  const hooks = await openHooks(shared, opening);
  const credentials = await openIdentity(shared, opening);
  const statistics = new Statistics(shared.clock, inferenceMetrics(shared.metrics));
  const local = opening.use(await openPredict(shared, statistics));
  const { dispatch } = chat;
  const models = await openPredictCatalog(shared, local, { dispatch, statistics });
  const predict = opening.use(models.predict);
  for (const { pool } of predict.groups) opening.use(pool);
  const pools = [...chatPoolsOf(chat), ...predict.groups];
  const watched = watchedFacts(shared, pools);
  const alerts = await openOwnAlerts(shared, watched);
  if (alerts !== undefined) opening.use(alerts);
  for (const discovery of models.discoveries) opening.use(discovery);
  let modelsSettled = false;
  void local.ready().then(() => {
    modelsSettled = true;
  });
  const isReady = () => modelsSettled && !isDraining();
  const options = frontOptions(shared, { chat, hooks, predict, isReady, credentials });
  const serving = createServing(options, frontDeps(parts));
  const owned = opening.move();
  return {
    settings,
    options,
    gauged: gaugedPools({ chat, predict }),
    serving,
    local,
    predict,
    watched,
    probe: async (capMs) => {
      await Promise.all(pools.map(({ pool }) => pool.refresh(capMs)));
    },
    take() {
      place = "taken";
      setServing(chat.pool.candidates().length > 0);
      alerts?.start();
    },
    retire() {
      place = "retired";
      alerts?.stop();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The generation that serves, and those that are built or whose calls have not ended. */
class Generations implements AsyncDisposable {
  readonly #all: Set<Generation>;
  #current: Generation;
  #isClosed = false;

  constructor(first: Generation) {
    this.#all = new Set([first]);
    this.#current = first;
    first.take();
  }

  get current(): Generation {
    return this.#current;
  }

  /** Has one that is built wait to take the place of the one that serves then. */
  wait(next: Generation, replace: (before: Generation) => Promise<void>): Prepared {
    this.#all.add(next);
    let hasServed = false;
    const close = async (one: Generation) => {
      this.#all.delete(one);
      await one[Symbol.asyncDispose]();
    };
    return {
      take: async () => {
        // Whoever disposed of the gateway meanwhile disposes of this one too.
        if (this.#isClosed) return await next[Symbol.asyncDispose]();
        hasServed = true;
        // Another one may have come first.
        const before = this.#current;
        this.#current = next;
        before.retire();
        next.take();
        await replace(before);
        await close(before);
      },
      async [Symbol.asyncDispose]() {
        // One that has served is closed by the one after, or with the gateway.
        if (!hasServed) await close(next);
      },
    };
  }

  /** No other one takes its place from now on. */
  stop(): void {
    this.#isClosed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((one) => one[Symbol.asyncDispose]()));
  }
}

/** Opens what lives as long as the process. */
async function openParts(
  settings: Settings,
  given: Pick<ProcessParts, "logger" | "stopping" | "sockets" | "thread" | "configuration">,
  opening: AsyncDisposableStack,
): Promise<ProcessParts> {
  const { logger, thread } = given;
  const clock = systemClock;
  const metrics = createMetrics();
  const stores: StoreStates = new Map();
  // Closed last, so that it has every call.
  const history =
    thread?.openHistory(stores) ??
    (await openCallHistory(settings.history, { clock, logger, metrics, stores }));
  const records = opening.use(
    createRecords({ settings, clock, metrics, history, numbers: thread?.numbers }),
  );
  const traces = await openTraces(settings.tracing, { clock, logger, metrics }, opening);
  const { journal } = records;
  const { keyStore } = settings;
  const keys = await openKeys({ settings: keyStore, clock, logger, metrics, journal, stores });
  if (keys !== undefined) opening.use(keys);
  return {
    ...given,
    clock,
    metrics,
    stats: createStats(clock),
    health: createHealthStatus(namesOf(settings)),
    records,
    stores,
    load: settings.overload && opening.use(openLoad(settings.overload, { clock, logger, metrics })),
    keys,
    buffers: new ByteBudget(settings.bufferBytesMax),
    traces,
    audit: settings.audit && opening.use(openAudit(settings.audit, metrics)),
    uploads:
      settings.uploads &&
      (thread?.uploads ?? opening.use(openUploads(settings.uploads, { clock, metrics }))),
    startedMs: clock.nowMs() - (thread?.ageMs() ?? 0),
    endedSessions: opening.use(new EndedSessions(given.thread !== undefined)),
    keptKeys: {},
    keptAlerts: {},
    buckets: thread === undefined ? keptBuckets(clock) : () => thread.buckets,
    relayIds: keptIds(),
  };
}

/** The owner of reloads, where there is one. */
function required(reloads: Reloads | undefined): Reloads {
  if (reloads !== undefined) return reloads;
  throw fault("UNIMPLEMENTED", "settings are read by whoever has started this gateway");
}

/** What a gateway may be started with. */
export interface StartTerms {
  /** Sockets that the process was started with, by the name of their listener. */
  readonly sockets?: ReadonlyMap<string, number>;
  /** Where settings are read again from; absent: they are not, but by who prepares others. */
  readonly source?: ConfigurationSource;
  /** It is one of several in this process. */
  readonly thread?: ThreadParts;
}

/** Starts a gateway. Rejects with the system's error when a listener cannot open. */
export async function startGateway(
  settings: Settings,
  logger: Logger,
  { sockets = new Map(), source, thread }: StartTerms = {},
): Promise<ThreadGateway> {
  await using opening = new AsyncDisposableStack();
  const stopping = new AbortController();
  let reloads: Reloads | undefined;
  const configuration = thread?.configuration ?? configurationAdmin(() => required(reloads));
  const given = { logger, sockets, stopping: stopping.signal, thread, configuration };
  const parts = await openParts(settings, given, opening);
  const { clock, metrics } = parts;
  let draining = false;
  const open = (wanted: Settings) => openGeneration(parts, wanted, () => draining);
  const first = await open(settings);
  const generations = opening.use(new Generations(first));
  const { options, serving } = first;
  const front = opening.use(await openFront(options, frontDeps(parts), serving));
  const prepare = async (wanted: Settings): Promise<Prepared> => {
    requireFixed(generations.current.settings, wanted);
    const next = await open(wanted);
    const prepared = generations.wait(next, async ({ settings: { drainTimeoutMs } }) => {
      logger.level = wanted.logging.level;
      await front.replace(next.serving, drainTimeoutMs);
    });
    await next.local.ready();
    return prepared;
  };
  const inForce = () => generations.current.settings;
  tellCertificates(front.listeners, parts);
  if (source !== undefined) {
    const { listeners } = front;
    const renew = () => renewCertificates(listeners, parts);
    reloads = opening.use(
      openReloads({ source, prepare, inForce, renewCertificates: renew, parts }),
    );
  }
  const owned = opening.move();
  const announceStop = () => {
    draining = true;
    parts.health.stop();
  };
  const finish = async () => {
    stopping.abort();
    await front.drain(generations.current.settings.drainTimeoutMs);
  };
  return {
    take: (listener, socket) => front.listeners[listener]?.take(socket),
    get active() {
      return front.active;
    },
    get calls() {
      return generations.current.serving.calls;
    },
    async metrics() {
      refreshGauges(metrics, generations.current.gauged);
      return await snapshotOf(metrics.registry);
    },
    get watching() {
      return generations.current;
    },
    stats: () => statsSnapshotOf(parts.stats, generations.current.predict),
    announceStop,
    finish,
    facts: () => factsOf(generations.current.settings, front, generations.current.predict),
    ready: () => generations.current.local.ready(),
    prepare,
    reload: (cause) => required(reloads).reload(cause),
    renewCertificates: () => renewCertificates(front.listeners, parts),
    reopenFiles: () => parts.audit?.reopen(),
    async drain() {
      announceStop();
      // Who spreads calls over gateways sees that this one is not ready before its port is closed.
      await clock.sleep(generations.current.settings.drainDelayMs);
      await finish();
    },
    async [Symbol.asyncDispose]() {
      generations.stop();
      await owned.disposeAsync();
    },
  };
}
