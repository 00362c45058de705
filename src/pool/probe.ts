/** The health loop of one member: probes at once, at intervals, and when a call raises suspicion. */

import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { fault, infoMetadataOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Health, Member, PooledBackend } from "./member.ts";

/** How often and how long. */
export interface ProbeOptions {
  /** Greatest pause between two probes of a healthy member, in milliseconds. */
  readonly healthIntervalMs: number;
  /** A probe fails after this time without a response, in milliseconds. */
  readonly healthTimeoutMs: number;
}

/** What a probe needs of its surroundings. */
export interface ProbeDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  /** Ends the loop. */
  readonly signal: AbortSignal;
  /** Notified when the kind of health has changed. */
  onChange(): void;
}

/** A running loop. */
export interface Probe {
  /** A call lost its connection: probe now instead of at the end of the interval. */
  suspect(): void;
  /** Probes now; resolves when the probe has ended, or at once when one has just ended. */
  refresh(): Promise<void>;
  /** Resolves when the loop has ended. */
  readonly ended: Promise<void>;
}

/** Most probes per interval, however many calls are lost. */
const probesPerIntervalMax = 20;

/** Starts the loop with a first probe at once. */
export function startProbe<B extends PooledBackend>(
  member: Member<B>,
  options: ProbeOptions,
  deps: ProbeDeps,
): Probe {
  const { clock, rng, signal } = deps;
  const spacingMs = options.healthIntervalMs / probesPerIntervalMax;
  let suspicion = new AbortController();
  let fresh = false;
  let probed = Promise.withResolvers<void>();

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      suspicion = new AbortController();
      const health = await probe(member, options, deps);
      if (signal.aborted) return;
      const changed = health.kind !== member.health.kind;
      member.health = health;
      if (changed && health.kind === "healthy") member.recovered(clock.nowMs());
      if (changed) deps.onChange();
      probed.resolve();
      probed = Promise.withResolvers<void>();
      fresh = true;
      await rest(clock, spacingMs, signal);
      fresh = false;
      const pauseMs = pauseAfter(health, options.healthIntervalMs, rng.next());
      await rest(clock, pauseMs - spacingMs, AbortSignal.any([signal, suspicion.signal]));
    }
  }

  return {
    suspect: () => suspicion.abort(),
    async refresh() {
      if (fresh) return;
      suspicion.abort();
      await probed.promise;
    },
    ended: loop(),
  };
}

/**
 * Jitter shortens a pause by up to a fifth, so that members are not probed at the same moment. An
 * unhealthy member is probed twice as often, so that it is back within one interval of its recovery.
 */
function pauseAfter(health: Health, intervalMs: number, chance: number): number {
  const pauseMs = intervalMs * (1 - chance / 5);
  return health.kind === "unhealthy" ? pauseMs / 2 : pauseMs;
}

async function probe<B extends PooledBackend>(
  member: Member<B>,
  { healthTimeoutMs }: ProbeOptions,
  { clock, signal }: ProbeDeps,
): Promise<Health> {
  const startedMs = clock.nowMs();
  const done = new AbortController();
  const expired = clock.sleep(healthTimeoutMs, done.signal).then(() => {
    throw fault("BACKEND_TIMEOUT", `no response within ${healthTimeoutMs} ms`);
  });
  const checked = () => ({
    lastCheckWallMs: clock.wallMs(),
    responseTimeMs: clock.nowMs() - startedMs,
  });
  try {
    const check = member.backend.check(AbortSignal.any([signal, done.signal]));
    const told = await Promise.race([check, expired]);
    const statusCode = typeof told === "number" ? told : undefined;
    return { kind: "healthy", ...checked(), statusCode };
  } catch (error) {
    // A member that answered calls in the meantime is healthy, and only too busy for the probe.
    if (member.answeredSince(startedMs)) return { kind: "healthy", ...checked() };
    const failed = faultFrom(error);
    const { upstream_status: status } = infoMetadataOf(failed);
    const statusCode = status === undefined ? undefined : Number(status);
    const { rawMessage } = failed;
    return { kind: "unhealthy", error: rawMessage, cause: error, ...checked(), statusCode };
  } finally {
    done.abort();
  }
}

/** Sleeps until `signal` ends it. */
async function rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
