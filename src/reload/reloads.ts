/** The owner of reloads: reads the sources again, has settings prepared and taken, or keeps the last good ones; how a gateway is built is not its concern. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Settings } from "#config/settings.ts";
import type { SourceFacts } from "#config/source-facts.ts";
import type { Clock } from "#core/clock.ts";
import { withoutCredentials } from "#core/redact.ts";
import { causeText } from "#observability/cause-text.ts";
import type { Logger } from "#observability/logger.ts";
import { type Problem, problemText } from "#yaml/problem.ts";
import { FileWatch } from "./file-watch.ts";
import type { ReloadMetrics } from "./metric-families.ts";

/** What has asked for a reload. */
export type ReloadCause = "signal" | "change" | "call";

/**
 * ok: what was read is in force. unchanged: it was already. invalid: it has problems. restart_needed:
 * it differs in settings that hold as long as the process lives. failed: it could not be built.
 */
export type ReloadResult = "ok" | "unchanged" | "invalid" | "restart_needed" | "failed";

/** The outcome of a reload. */
export interface ReloadReport {
  readonly result: ReloadResult;
  readonly cause: ReloadCause;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** Why what was read is not in force; empty where it is. Without secrets. */
  readonly problems: readonly string[];
  /** Settings that a restart would take over. */
  readonly restart: readonly string[];
}

/** One reading of the sources: settings, or what is wrong with them. */
export type Reading = (
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly Problem[] }
) & { readonly facts: SourceFacts };

/** Where settings come from. */
export interface ConfigurationSource {
  /** What the process has started with. */
  readonly started: SourceFacts;
  /** Reads again. Never throws. */
  read(): Reading;
}

/** Settings that are built and wait to serve. */
interface Prepared extends AsyncDisposable {
  /** Serves by them from now on; resolves when those before are closed. */
  take(): Promise<void>;
}

/** What a reload needs. */
export interface ReloadDeps {
  readonly source: ConfigurationSource;
  /** Names of settings that differ from those in force and cannot change while the process lives. */
  fixedChanges(wanted: Settings): readonly string[];
  /** Builds what settings ask for, beside what serves; rejects, and changes nothing, where it cannot. */
  prepare(wanted: Settings): Promise<Prepared>;
  /** Has listeners read their certificates again; reports by itself. */
  renewCertificates(): void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ReloadMetrics;
}

/** Settings that were replaced and still have calls; a further reload waits for the first of them. */
const closingMax = 4;
/** Problems that are reported of one reading. */
const problemsMax = 20;

/** How a problem of the whole file is reported: that nothing is left of it. */
const isBlankNow = {
  path: "",
  message: "nothing is left in it but comments",
  hint: "what was there stays in force; a restart takes the defaults",
};

/** Reloads one after another: who asks while one runs waits for the next, which reads what is newest. */
export class Reloads implements AsyncDisposable {
  readonly #deps: ReloadDeps;
  readonly #watch: FileWatch;
  /** What is in force. */
  #facts: SourceFacts;
  #settings: Settings;
  #takenWallMs: number;
  #generation = 1;
  #last: ReloadReport | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<ReloadReport> | undefined;
  readonly #closing = new Set<Promise<void>>();
  #isOver = false;

  constructor(settings: Settings, deps: ReloadDeps) {
    const { source, clock, logger } = deps;
    this.#deps = deps;
    this.#settings = settings;
    this.#facts = source.started;
    this.#takenWallMs = clock.wallMs();
    this.#watch = new FileWatch({
      clock,
      onChange: () => void this.reload("change"),
      onFailure: (folder, cause) =>
        logger.warn(
          { folder, error: causeText(cause) },
          "changes of the configuration go unnoticed here: send SIGHUP",
        ),
    });
    this.#tellTaken();
    this.#follow(source.started);
  }

  /** What is in force: its facts, its settings, and since when. */
  get inForce() {
    const { hash, file, draft } = this.#facts;
    return {
      ...{ hash, file, draft, settings: this.#settings },
      ...{ generation: this.#generation, wallMs: this.#takenWallMs },
    };
  }

  /** The reload that ended last; undefined before the first. */
  get last(): ReloadReport | undefined {
    return this.#last;
  }

  /** Reads again, and serves by what was read where it is sound. Never rejects. */
  reload(cause: ReloadCause): Promise<ReloadReport> {
    this.#next ??= this.#queued(cause);
    return this.#next;
  }

  /** What a reload would come to, as far as that is known without building anything. */
  check(): ReloadReport {
    const reading = this.#deps.source.read();
    const report = { cause: "call" as const, wallMs: this.#deps.clock.wallMs() };
    return { ...report, ...this.#judged(reading) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#watch[Symbol.dispose]();
    await this.#running;
  }

  #queued(cause: ReloadCause): Promise<ReloadReport> {
    const next = this.#running.then(async () => {
      // Who asks from now on wants what is read after this.
      this.#next = undefined;
      return await this.#run(cause);
    });
    this.#running = next;
    return next;
  }

  async #run(cause: ReloadCause): Promise<ReloadReport> {
    const { clock, logger, metrics } = this.#deps;
    const beganMs = clock.nowMs();
    const outcome = await this.#outcome().catch((thrown: unknown) => ({
      result: "failed" as const,
      problems: [withoutCredentials(causeText(thrown))],
      restart: [],
    }));
    const report: ReloadReport = { cause, wallMs: clock.wallMs(), ...outcome };
    const { result, problems, restart } = report;
    this.#last = report;
    metrics.configReloads.inc({ result });
    const isGood = result === "ok" || result === "unchanged";
    metrics.configReloadIsGood.set(isGood ? 1 : 0);
    const facts = { cause, result, file: this.#facts.file };
    if (isGood) {
      const took_ms = Math.round(clock.nowMs() - beganMs);
      logger.info({ ...facts, hash: this.#facts.hash, took_ms }, "configuration read again");
      return report;
    }
    for (const problem of problems) {
      logger.error({ ...facts, problem }, "configuration refused: the last good one stays");
    }
    if (result === "restart_needed") {
      logger.error(
        { ...facts, settings: restart },
        "configuration needs a restart: nothing of it is taken",
      );
    }
    return report;
  }

  /** Reads, judges, builds and takes. */
  async #outcome(): Promise<Pick<ReloadReport, "result" | "problems" | "restart">> {
    const { source, prepare, renewCertificates, logger } = this.#deps;
    if (this.#isOver) return { result: "failed", problems: ["the gateway stops"], restart: [] };
    // Even where the rest is not sound: a certificate that ends would be worse.
    renewCertificates();
    const reading = source.read();
    this.#follow(reading.facts);
    const judged = this.#judged(reading);
    if (judged.result !== "ok" || !reading.ok) return judged;
    while (this.#closing.size >= closingMax) await Promise.race(this.#closing);
    await using prepared = await prepare(reading.settings);
    if (this.#isOver) return { result: "failed", problems: ["the gateway stops"], restart: [] };
    const closed = prepared.take();
    this.#facts = reading.facts;
    this.#settings = reading.settings;
    this.#takenWallMs = this.#deps.clock.wallMs();
    this.#generation += 1;
    this.#tellTaken();
    this.#follow(reading.facts);
    for (const warning of reading.settings.warnings) logger.warn(problemText(warning));
    this.#waitFor(closed);
    // Not for its end: the call that asks for a reload is one of those that it waits for.
    await nextTurn();
    return judged;
  }

  #judged(reading: Reading): Pick<ReloadReport, "result" | "problems" | "restart"> {
    const invalid = (problems: readonly Problem[]) => ({
      result: "invalid" as const,
      problems: problems.slice(0, problemsMax).map(problemText),
      restart: [],
    });
    if (!reading.ok) return invalid(reading.problems);
    const { facts, settings } = reading;
    // An editor or a copy empties a file before it fills it.
    if (facts.isBlank && !this.#facts.isBlank) {
      return invalid([{ where: facts.file, ...isBlankNow }]);
    }
    if (facts.fingerprint === this.#facts.fingerprint) {
      return { result: "unchanged", problems: [], restart: [] };
    }
    const restart = this.#deps.fixedChanges(settings);
    return { result: restart.length === 0 ? "ok" : "restart_needed", problems: [], restart };
  }

  #waitFor(closed: Promise<void>): void {
    const ended: Promise<void> = closed
      .catch((thrown: unknown) => {
        this.#deps.logger.error({ err: thrown }, "the settings before could not be closed");
      })
      .finally(() => this.#closing.delete(ended));
    this.#closing.add(ended);
  }

  /** Watches what was read last, and what is in force. */
  #follow({ files, wallMs }: SourceFacts): void {
    if (this.#isOver) return;
    const watched = this.#settings.watchesFiles ? [...files, ...this.#facts.files] : [];
    this.#watch.follow(watched, wallMs);
  }

  #tellTaken(): void {
    const { metrics } = this.#deps;
    metrics.configReloadIsGood.set(1);
    metrics.configTakenTime.set(Math.round(this.#takenWallMs / 1000));
    metrics.configHash.set(Number.parseInt(this.#facts.hash.slice(0, 12), 16));
  }
}
