/** The alerts of the process: the main thread looks for them, over what all threads measure. */

import type { AlertSettings } from "#alerts/alert-settings.ts";
import type { AlertWatch, AlertWatchDeps } from "#alerts/alert-watch.ts";
import { openAlerts } from "#gateway/alerts.ts";

/** The watch over the settings that are in force, and those before it that have something to send. */
export class ProcessAlerts implements AsyncDisposable {
  readonly #deps: Omit<AlertWatchDeps, "rng" | "kept">;
  /** Alerts that were reported, for the next watch. */
  readonly #kept = {};
  readonly #ending = new Set<Promise<void>>();
  #current: AlertWatch | undefined;

  constructor(deps: Omit<AlertWatchDeps, "rng" | "kept">) {
    this.#deps = deps;
  }

  /** Looks by these settings from now on. */
  async take(settings: AlertSettings | undefined): Promise<void> {
    const next = await openAlerts(settings, { ...this.#deps, kept: this.#kept });
    this.stop();
    this.#current = next;
    next?.start();
  }

  /** Looks no more; notices that wait are still sent. */
  stop(): void {
    const before = this.#current;
    this.#current = undefined;
    if (before === undefined) return;
    const ended = before[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await Promise.all(this.#ending);
  }
}
