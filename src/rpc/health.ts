/** grpc.health.v1: what the gateway says of itself and its services, and whoever watches. */

import { Code, ConnectError, type ConnectRouter, type ContextValues } from "@connectrpc/connect";
import { onAbort } from "#core/on-abort.ts";
import { type PlaceLimits, Places } from "#core/places.ts";
import { fault } from "#errors/fault.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "#gen/grpc/health/v1/health_pb.js";

/** The serving state of services, by full name; the empty name is the server as a whole. */
export interface HealthStatus {
  /** Notifies everybody who watches, when it changes something. */
  set(service: string, serving: boolean): void;
  get(service: string): ServingStatus | undefined;
  /** Resolves at the next change of any service, or rejects when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** Nothing serves any more; whoever watches is notified and let go. */
  stop(): void;
  readonly stopped: boolean;
}

/** A state in which the named services and the server serve. */
export function createHealthStatus(services: readonly string[]): HealthStatus {
  const states = new Map(["", ...services].map((name) => [name, ServingStatus.SERVING]));
  let stopped = false;
  // A set and not a promise that all wait for: one that lives as long as the process keeps whoever
  // ever waited for it.
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const resolve of [...waiting]) resolve();
  };
  return {
    get: (service) => states.get(service),
    get stopped() {
      return stopped;
    },
    set(service, serving) {
      const state = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
      if (stopped || states.get(service) === state) return;
      states.set(service, state);
      notify();
    },
    stop() {
      stopped = true;
      for (const name of states.keys()) states.set(name, ServingStatus.NOT_SERVING);
      notify();
    },
    async changed(signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.add(resolve);
      const forget = onAbort(signal, reject);
      try {
        await promise;
      } finally {
        waiting.delete(resolve);
        forget();
      }
    },
  };
}

/** Who watches, and how many may. */
export interface HealthWatching {
  /** The caller that a watch counts for, found among the call's values; absent: only all together count. */
  readonly callerOf?: (values: ContextValues) => string;
  readonly limits?: PlaceLimits;
}

/** A client of gRPC has one watch per connection. */
const watchLimits: PlaceLimits = { totalMax: 2048, perCallerMax: 256 };
/** Longest name that is watched, which is kept for as long, and that is quoted. */
const nameLengthMax = 256;

/** Registers Check, List and Watch. */
export function registerHealth(
  router: ConnectRouter,
  health: HealthStatus,
  names: readonly string[],
  { callerOf, limits = watchLimits }: HealthWatching = {},
): void {
  const { totalMax } = limits;
  const watches = new Places(
    callerOf === undefined ? { totalMax, perCallerMax: totalMax } : limits,
  );
  router.service(Health, {
    check({ service }) {
      const status = health.get(service);
      if (status === undefined) {
        const quoted = service.slice(0, nameLengthMax);
        // The protocol fixes this code for a service that is not known here.
        throw new ConnectError(`unknown service ${quoted}`, Code.NotFound);
      }
      return { status };
    },
    list() {
      const all = ["", ...names].map((name) => [
        name,
        { status: health.get(name) ?? ServingStatus.SERVICE_UNKNOWN },
      ]);
      return { statuses: Object.fromEntries(all) };
    },
    async *watch({ service }, { signal, values }) {
      if (service.length > nameLengthMax) {
        const description = `at most ${nameLengthMax} characters`;
        throw fault("REQUEST_INVALID", `service: ${description}`, {
          fields: [{ field: "service", description }],
        });
      }
      using place = watches.take(callerOf?.(values) ?? "");
      if (place === undefined) throw fault("OVERLOADED", "too many watches are open");
      let last: ServingStatus | undefined;
      for (;;) {
        const status = health.get(service) ?? ServingStatus.SERVICE_UNKNOWN;
        if (status !== last) {
          last = status;
          // It may change again before its reader comes back.
          yield { status };
        } else if (health.stopped) {
          return;
        } else {
          await health.changed(signal);
        }
      }
    },
  });
}
