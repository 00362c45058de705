/** Share of time in which a provider was healthy, by what its probes said. In memory, bounded. */

import type { Clock } from "#core/clock.ts";

/** Changes that are kept of one provider. */
const changesMax = 1_000;

/** A provider from one moment on. */
interface Change {
  readonly atMs: number;
  readonly isUp: boolean;
}

/** One provider. */
interface Known {
  /** Endpoints that are healthy, by id. */
  readonly up: Set<string>;
  readonly changes: Change[];
}

/** Keeps when providers were healthy. */
export class Availability {
  readonly #clock: Clock;
  readonly #providers = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A probe found an endpoint in another state than before. Providers and endpoints are those of the settings. */
  note(provider: string, endpoint: string, isHealthy: boolean): void {
    const known = this.#providers.get(provider) ?? { up: new Set(), changes: [] };
    this.#providers.set(provider, known);
    if (isHealthy) known.up.add(endpoint);
    else known.up.delete(endpoint);
    const isUp = known.up.size > 0;
    if (known.changes.at(-1)?.isUp === isUp) return;
    known.changes.push({ atMs: this.#clock.nowMs(), isUp });
    if (known.changes.length > changesMax) known.changes.shift();
  }

  /** 0 to 1 over the last `spanMs`, as far as anything is known of them; undefined when nothing is. */
  share(provider: string, spanMs: number): number | undefined {
    const changes = this.#providers.get(provider)?.changes ?? [];
    const [first] = changes;
    if (first === undefined) return undefined;
    const nowMs = this.#clock.nowMs();
    const fromMs = Math.max(first.atMs, nowMs - spanMs);
    if (fromMs >= nowMs) return changes.at(-1)?.isUp === true ? 1 : 0;
    let upMs = 0;
    for (const [index, { atMs, isUp }] of changes.entries()) {
      const untilMs = changes[index + 1]?.atMs ?? nowMs;
      if (isUp) upMs += Math.max(0, untilMs - Math.max(atMs, fromMs));
    }
    return upMs / (nowMs - fromMs);
  }
}
