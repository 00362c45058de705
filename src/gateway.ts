/** Composition root: builds every room, back to front, and opens the listeners. */

import type { Socket } from "node:net";
import type { PredictBackend } from "#backends/backend.ts";
import { Statistics } from "#backends/inference-statistics.ts";
import type { OnnxBackend } from "#backends/onnx/backend.ts";
import type { PredictCatalog } from "#catalog/predict-catalog.ts";
import type { Settings } from "#config/settings.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { systemClock } from "#core/clock.ts";
import { createServing, type Front, type FrontOptions, openFront, type Serving } from "#front.ts";
import { openAlerts } from "#gateway/alerts.ts";
import { chatPoolsOf, openChat } from "#gateway/chat-side.ts";
import { requireFixed } from "#gateway/fixed-settings.ts";
import { frontDeps, frontOptions, gaugedPools } from "#gateway/front-options.ts";
import { namesOf, type ProcessParts, type Shared, type ThreadParts } from "#gateway/parts.ts";
import { openHooks, openIdentity, openLimiter, openShared } from "#gateway/policy.ts";
import { openPredict, openPredictCatalog } from "#gateway/predict-side.ts";
import { keptIds, openAudit, openLoad, openTraces, openUploads } from "#gateway/process.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { accessText, shownAccess } from "#identity/access.ts";
import { createMetrics } from "#metrics.ts";
import { type MetricSnapshot, snapshotOf } from "#observability/family.ts";
import type { Logger } from "#observability/logger.ts";
import { createStats } from "#observability/stats.ts";
import type { StoreStates } from "#observability/store-states.ts";
import { type GaugedPools, refreshGauges } from "#pages.ts";
import { openRecords } from "#records.ts";
import { createHealthStatus } from "#rpc/health.ts";
import { inferenceMetrics } from "#services/inference-metrics.ts";
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
  /** What it has counted, as plain data. */
  metrics(): Promise<readonly MetricSnapshot[]>;
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
  /** Takes no more calls; resolves when those in progress have ended or their time is up. */
  drain(): Promise<void>;
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
      `${predict.kind}, ${onnx.workers} workers`,
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
  const alerts = await openAlerts(shared, { chat, predict }, opening);
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

/** Opens what lives as long as the process. */
async function openParts(
  settings: Settings,
  given: Pick<ProcessParts, "logger" | "stopping" | "sockets" | "thread">,
  opening: AsyncDisposableStack,
): Promise<ProcessParts> {
  const { logger } = given;
  const clock = systemClock;
  const metrics = createMetrics();
  const stores: StoreStates = new Map();
  // Closed last, so that it has every call.
  const records = opening.use(await openRecords({ settings, clock, logger, metrics, stores }));
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
    uploads: settings.uploads && opening.use(openUploads(settings.uploads, { clock, metrics })),
    startedMs: clock.nowMs(),
    keptKeys: {},
    keptAlerts: {},
    relayIds: keptIds(),
  };
}

/** What a gateway may be started with. */
export interface StartTerms {
  /** Sockets that the process was started with, by the name of their listener. */
  readonly sockets?: ReadonlyMap<string, number>;
  /** It is one of several in this process. */
  readonly thread?: ThreadParts;
}

/** Starts a gateway. Rejects with the system's error when a listener cannot open. */
export async function startGateway(
  settings: Settings,
  logger: Logger,
  { sockets = new Map(), thread }: StartTerms = {},
): Promise<ThreadGateway> {
  await using opening = new AsyncDisposableStack();
  const stopping = new AbortController();
  const given = { logger, sockets, stopping: stopping.signal, thread };
  const parts = await openParts(settings, given, opening);
  const { clock, metrics } = parts;
  let draining = false;
  let isClosed = false;
  const open = (wanted: Settings) => openGeneration(parts, wanted, () => draining);
  /** The one that serves, and those whose calls have not ended. */
  const generations = new Set<Generation>();
  opening.defer(async () => {
    await Promise.all([...generations].map((one) => one[Symbol.asyncDispose]()));
  });
  let current = await open(settings);
  generations.add(current);
  current.take();
  const { options, serving } = current;
  const front = opening.use(await openFront(options, frontDeps(parts), serving));
  const owned = opening.move();
  const announceStop = () => {
    draining = true;
    parts.health.stop();
  };
  const finish = async () => {
    stopping.abort();
    await front.drain(current.settings.drainTimeoutMs);
  };
  return {
    take: (listener, socket) => front.listeners[listener]?.take(socket),
    get active() {
      return front.active;
    },
    async metrics() {
      refreshGauges(metrics, current.gauged);
      return await snapshotOf(metrics.registry);
    },
    announceStop,
    finish,
    facts: () => factsOf(current.settings, front, current.predict),
    ready: () => current.local.ready(),
    async prepare(wanted) {
      requireFixed(current.settings, wanted);
      const next = await open(wanted);
      generations.add(next);
      await next.local.ready();
      let hasServed = false;
      return {
        async take() {
          // Whoever disposed of the gateway meanwhile disposes of this one too.
          if (isClosed) return await next[Symbol.asyncDispose]();
          hasServed = true;
          // Another one may have come first.
          const before = current;
          current = next;
          before.retire();
          next.take();
          await front.replace(next.serving, before.settings.drainTimeoutMs);
          generations.delete(before);
          await before[Symbol.asyncDispose]();
        },
        async [Symbol.asyncDispose]() {
          // One that has served is closed by the one after, or with the gateway.
          if (hasServed) return;
          generations.delete(next);
          await next[Symbol.asyncDispose]();
        },
      };
    },
    reopenFiles: () => parts.audit?.reopen(),
    async drain() {
      announceStop();
      // Who spreads calls over gateways sees that this one is not ready before its port is closed.
      await clock.sleep(current.settings.drainDelayMs);
      await finish();
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await owned.disposeAsync();
    },
  };
}
