/** Looks at what is measured, at intervals, and notifies webhooks of what changed. */

import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { HistorySums } from "#history/bucket.ts";
import type { HistoryStore } from "#history/store.ts";
import { causeText } from "#observability/cause-text.ts";
import type { Logger } from "#observability/logger.ts";
import type { AlertSettings } from "./alert-settings.ts";
import { AlertStates } from "./alert-states.ts";
import { type CallCounts, readingsOf, type WatchedBudget, type WatchedPool } from "./conditions.ts";
import type { AlertMetrics } from "./metric-families.ts";
import { Webhook } from "./webhook.ts";

/** Where measures come from. Each is asked once a look, off the path of any call. */
export interface AlertSources {
  /** Counts since the start. */
  calls(): CallCounts | Promise<CallCounts>;
  readonly history: Pick<HistoryStore, "read">;
  /** May reject while nobody can tell. */
  pools(): readonly WatchedPool[] | Promise<readonly WatchedPool[]>;
  /** May reject while their store is away. */
  budgets(): Promise<readonly WatchedBudget[]>;
}

/** Counts of calls at a moment, by monotonic time. */
type CountsAt = CallCounts & { readonly atMs: number };

/** What outlives the generation of settings in which it began; empty where nothing was watched yet. */
export interface KeptAlerts {
  states?: AlertStates;
  counts?: CountsAt[];
}

/** What the watch needs. */
export interface AlertWatchDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly metrics: AlertMetrics;
  readonly sources: AlertSources;
  readonly kept: KeptAlerts;
}

/** The finest step of the history. */
const stepMs = 10_000;
/** Counts that are kept of one window. */
const countsMax = 360;
/** Providers whose sums are kept apart; they are those of the settings. */
const providersMax = 1_000;

/** Watches from `start` on. */
export class AlertWatch implements AsyncDisposable {
  readonly #settings: AlertSettings;
  readonly #deps: AlertWatchDeps;
  readonly #webhooks: readonly Webhook[];
  readonly #stopping = new AbortController();
  readonly #states: AlertStates;
  /** The counts of earlier looks, the oldest first; the first one is as old as the window, or older. */
  readonly #counts: CountsAt[];
  #running: Promise<void> | undefined;

  constructor(settings: AlertSettings, deps: AlertWatchDeps) {
    const { clock, rng, logger, metrics, kept } = deps;
    const { source } = settings;
    this.#settings = settings;
    this.#deps = deps;
    kept.states ??= new AlertStates();
    kept.counts ??= [];
    this.#states = kept.states;
    this.#counts = kept.counts;
    this.#webhooks = settings.webhooks.map(
      (webhook) =>
        new Webhook(webhook, {
          ...{ clock, rng, source },
          onEnd(name, result, cause) {
            metrics.alertNotices.inc({ webhook: name, result });
            if (result === "sent") return;
            const facts = cause === undefined ? {} : { error: causeText(cause) };
            logger.warn({ webhook: name, result, ...facts }, "alert notice");
          },
        }),
    );
  }

  /** Begins to look; once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Looks no more; notices that wait are still sent. */
  stop(): void {
    this.#stopping.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#running;
    await Promise.all(this.#webhooks.map((webhook) => webhook[Symbol.asyncDispose]()));
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#deps;
    const { signal } = this.#stopping;
    this.#count(await this.#deps.sources.calls());
    for (;;) {
      try {
        await clock.sleep(this.#settings.intervalMs, signal);
      } catch {
        return; // stopped
      }
      try {
        await this.#look();
      } catch (thrown) {
        logger.error({ error: causeText(thrown) }, "alerts");
      }
    }
  }

  async #look(): Promise<void> {
    const { clock, sources, metrics, logger } = this.#deps;
    const { repeatMs } = this.#settings;
    const [providers, budgets, pools, calls] = await Promise.all([
      this.#known(() => this.#providers()),
      this.#known(() => sources.budgets()),
      sources.pools(),
      sources.calls(),
    ]);
    if (this.#stopping.signal.aborted) return;
    const measured = { calls: this.#count(calls), providers, budgets, pools };
    const moment = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
    const readings = readingsOf(measured, this.#settings);
    const notices = this.#states.take(readings, moment, repeatMs);
    metrics.alertsFiring.set(this.#states.firing);
    if (notices.length === 0) return;
    for (const { status, alert, labels, summary } of notices) {
      logger[status === "firing" ? "warn" : "info"]({ status, alert, labels, summary }, "alert");
    }
    for (const webhook of this.#webhooks) webhook.tell(notices);
  }

  /** What could not be asked is not known; the log tells of stores that fail where they are used. */
  async #known<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (thrown) {
      this.#deps.logger.debug({ error: causeText(thrown) }, "alerts cannot be measured");
      return undefined;
    }
  }

  /** Calls within the window, by the counts of now and those of before. */
  #count(since: CallCounts): CallCounts {
    const { clock } = this.#deps;
    const { windowMs } = this.#settings;
    const now = { requests: since.requests, errors: since.errors, atMs: clock.nowMs() };
    const counts = this.#counts;
    const last = counts.at(-1);
    if (last === undefined || now.atMs - last.atMs >= windowMs / countsMax) counts.push(now);
    while ((counts[1]?.atMs ?? now.atMs) <= now.atMs - windowMs) counts.shift();
    const { requests, errors } = counts[0] ?? now;
    return { requests: now.requests - requests, errors: now.errors - errors };
  }

  async #providers(): Promise<ReadonlyMap<string, HistorySums>> {
    const { clock, sources } = this.#deps;
    const toMs = clock.wallMs() + stepMs;
    const fromMs = Math.floor((clock.wallMs() - this.#settings.windowMs) / stepMs) * stepMs;
    const sums = new Map<string, HistorySums>();
    for await (const slice of sources.history.read({ stepMs, fromMs, toMs })) {
      for (const { provider, sums: added } of slice) {
        const known = sums.get(provider) ?? new HistorySums();
        known.merge(added);
        if (sums.size < providersMax) sums.set(provider, known);
      }
    }
    return sums;
  }
}
