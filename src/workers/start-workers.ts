/** A gateway of several threads: the main thread opens the ports, hands connections over, and keeps the threads. */

import { randomBytes } from "node:crypto";
import type { AlertWatchDeps } from "#alerts/alert-watch.ts";
import { createWorkerPool } from "#backends/onnx/worker-pool.ts";
import { startWorkerThread } from "#backends/onnx/worker-thread.ts";
import type { Settings } from "#config/settings.ts";
import { systemClock } from "#core/clock.ts";
import { leavingMax } from "#exchange/connection-places.ts";
import { urlOf } from "#exchange/listener.ts";
import { configurationAdmin, openReloads } from "#gateway/configuration.ts";
import { requireFixed } from "#gateway/fixed-settings.ts";
import { openUploads } from "#gateway/process.ts";
import type { Gateway, Prepared, StartTerms } from "#gateway.ts";
import { ownLimitsOnly } from "#limits/limit-options.ts";
import { createLimitsMemory } from "#limits/shared-memory.ts";
import { SharedPlaces } from "#limits/shared-places.ts";
import { createMetrics, type Metrics } from "#metrics.ts";
import { snapshotOf } from "#observability/family.ts";
import type { Logger } from "#observability/logger.ts";
import { makersOn } from "#observability/metric-makers.ts";
import type { ConfigurationSource, Reloads } from "#reload/reloads.ts";
import type { ConfigurationAdmin } from "#services/config.ts";
import { startCallWorker } from "./call-thread.ts";
import { Crew } from "./crew.ts";
import { LoadBoard } from "./load-board.ts";
import type { ThreadFacts } from "./messages.ts";
import { workersFamilies } from "./metric-families.ts";
import { mergedMetrics, metricsText, ofMain } from "./metric-merge.ts";
import { openPorts, type PortAddress } from "./ports.ts";
import { ProcessAlerts } from "./process-alerts.ts";
import { openSharedHistory, type SharedHistory } from "./shared-history.ts";
import { SharedSessions } from "./shared-sessions.ts";
import { SharedUploads } from "./shared-uploads.ts";
import { boundThreadsAlone } from "./thread-heap.ts";
import { threadSettings } from "./thread-settings.ts";
import { requireTransferable } from "./transferable.ts";

/** A gateway whose calls are served by several threads. */
export interface WorkersGateway extends Gateway {
  /** Replaces the threads one after the other, no call lost; resolves when all are new, or cannot be. */
  restart(): Promise<void>;
  /** Resolves when threads crash so often that another process has to try. */
  readonly givenUp: Promise<void>;
}

/** The names of those that live and of those that come in their place may be in use at one time. */
const slotsPerWorker = 2;

/** Where the main thread listens. */
function addressesOf(
  listeners: Settings["listeners"],
  sockets: ReadonlyMap<string, number>,
): readonly PortAddress[] {
  return listeners.map(({ name, host, port }) => {
    const fd = sockets.get(name);
    return { name, host, port, ...(fd !== undefined && { fd }) };
  });
}

/** The one pool of workers that run models. */
function openSessions({ onnx }: Settings): SharedSessions {
  const deps = { clock: systemClock, startThread: startWorkerThread };
  return new SharedSessions(createWorkerPool(onnx, deps), systemClock);
}

/** The one store of uploads, of which the metrics of the main thread tell. */
function openSharedUploads(
  { uploads }: Settings,
  metrics: Metrics,
  opening: AsyncDisposableStack,
): SharedUploads {
  const store = uploads && opening.use(openUploads(uploads, { clock: systemClock, metrics }));
  return new SharedUploads(store);
}

/** The configuration of the process, as administrators see it whichever thread they ask. */
function configurationOf(
  workers: number,
  { crew, reloads }: { crew(): Crew; reloads(): Reloads },
): ConfigurationAdmin {
  const admin = configurationAdmin(reloads, () => {
    const wasRunning = crew().isRestarting;
    void crew().restart();
    return { workers, wasRunning };
  });
  return {
    ...admin,
    async reload() {
      const outcome = await admin.reload();
      await crew().switched();
      return outcome;
    },
  };
}

/** The listeners of the process, on the ports that are open. */
function listenersOf(listeners: Settings["listeners"], ports: readonly number[]) {
  return listeners.map(({ name, serves, ...listener }, place) => ({
    ...{ name, serves, url: urlOf(listener, ports[place] ?? listener.port) },
  }));
}

/** The alerts of the process, over what all threads measure. */
function alertsOver(
  crew: Crew,
  { store }: SharedHistory,
  deps: Pick<AlertWatchDeps, "clock" | "logger" | "metrics">,
): ProcessAlerts {
  const nothing = { requests: 0, errors: 0 };
  return new ProcessAlerts({
    ...deps,
    sources: {
      calls: async () => (await crew.stats()).series.gateway.get("calls") ?? nothing,
      history: store,
      pools: () => crew.pools(),
      budgets: () => crew.budgets(),
    },
  });
}

/** Starts the threads and opens the ports. Rejects with the system's error when a listener cannot open. */
export async function startWorkers(
  settings: Settings,
  logger: Logger,
  {
    sockets = new Map(),
    source,
  }: Pick<StartTerms, "sockets"> & { readonly source: ConfigurationSource },
): Promise<WorkersGateway> {
  await requireTransferable();
  boundThreadsAlone();
  await using opening = new AsyncDisposableStack();
  const { workers, listeners } = settings;
  const slots = slotsPerWorker * workers;
  const limits = createLimitsMemory((settings.rateLimit ?? ownLimitsOnly).clientsMax, slots);
  const board = new LoadBoard(slots);
  const own = createMetrics();
  const metrics = workersFamilies(makersOn(own.registry));
  const givenUp = Promise.withResolvers<void>();
  const places = new SharedPlaces(limits, slots + 1);
  const idSecret = randomBytes(32).toString("base64url");
  // Opened before there are threads, which learn then what ports they serve; read from only afterwards.
  const addresses = addressesOf(listeners, sockets);
  const ports = opening.use(await openPorts(addresses, settings.connectionsMax));
  const terms = { ports: ports.numbers, idSecret };
  let facts = { settings: threadSettings(settings, terms), generation: 1 };
  const exposition = async (): Promise<string> => {
    const counted = await crew.counted();
    crew.refreshGauges();
    return metricsText(mergedMetrics([ofMain(await snapshotOf(own.registry)), counted]));
  };
  const sessions = opening.use(openSessions(settings));
  const log = { clock: systemClock, logger };
  const history = opening.use(await openSharedHistory(settings.history, { ...log, metrics: own }));
  const uploads = openSharedUploads(settings, own, opening);
  const configuration = configurationOf(workers, { crew: () => crew, reloads: () => reloads });
  const crew: Crew = opening.use(
    new Crew(facts, {
      ...{ ...log, startWorker: startCallWorker },
      ...{ metrics, board, limits, places, sessions, history, uploads, exposition, configuration },
      onGivenUp: () => givenUp.resolve(),
    }),
  );
  const alerts = opening.use(alertsOver(crew, history, { ...log, metrics: own }));
  await crew.start();
  await alerts.take(settings.alerts);
  let told: ThreadFacts = (await crew.serving[0]?.start()) ?? { backends: [], models: [] };
  let current = settings;
  const prepare = async (wanted: Settings): Promise<Prepared> => {
    requireFixed(current, wanted);
    const next = {
      settings: threadSettings(wanted, terms),
      generation: facts.generation + 1,
    };
    const prepared = await crew.prepare(next);
    let hasServed = false;
    return {
      async take() {
        hasServed = true;
        facts = next;
        current = wanted;
        await Promise.all([crew.takePrepared(next, prepared), alerts.take(wanted.alerts)]);
      },
      async [Symbol.asyncDispose]() {
        if (!hasServed) await crew.drop(prepared);
      },
    };
  };
  const renewCertificates = () => void crew.askAll("renewCertificates");
  const reloads: Reloads = opening.use(
    openReloads({
      ...{ source, prepare, renewCertificates, inForce: () => current },
      parts: { clock: systemClock, logger, metrics: own },
    }),
  );
  const connectionsMax = listeners.length * (facts.settings.connectionsMax + leavingMax);
  ports.serve((listener, socket) => crew.take(listener, socket, connectionsMax));
  const owned = opening.move();
  return {
    givenUp: givenUp.promise,
    restart: () => crew.restart(),
    facts: () => ({ ...told, listeners: listenersOf(listeners, ports.numbers) }),
    async ready() {
      const all = crew.serving.map(({ calls }) => calls.ask("ready", undefined));
      told = (await Promise.all(all))[0] ?? told;
    },
    prepare,
    reload: (cause) => reloads.reload(cause),
    renewCertificates,
    reopenFiles: () => void crew.askAll("reopenFiles"),
    async drain() {
      crew.stopStarting();
      alerts.stop();
      await crew.askAll("announceStop");
      await systemClock.sleep(current.drainDelayMs);
      await ports[Symbol.asyncDispose]();
      await crew.askAll("finish");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
