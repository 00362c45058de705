/** grpc.health.v1: what the gateway says of itself and its services, and whoever watches. */

import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "#gen/grpc/health/v1/health_pb.js";

/** The serving state of services, by full name; the empty name is the server as a whole. */
export interface HealthStatus {
  /** Tells everybody who watches, when it changes something. */
  set(service: string, serving: boolean): void;
  get(service: string): ServingStatus | undefined;
  /** Resolves at the next change of any service, or rejects when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** Nothing serves any more; whoever watches is told and let go. */
  stop(): void;
  readonly stopped: boolean;
}

/** A state in which the named services and the server serve. */
export function createHealthStatus(services: readonly string[]): HealthStatus {
  const states = new Map(["", ...services].map((name) => [name, ServingStatus.SERVING]));
  let stopped = false;
  let change = Promise.withResolvers<void>();
  const tell = () => {
    change.resolve();
    change = Promise.withResolvers<void>();
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
      tell();
    },
    stop() {
      stopped = true;
      for (const name of states.keys()) states.set(name, ServingStatus.NOT_SERVING);
      tell();
    },
    async changed(signal) {
      signal.throwIfAborted();
      const { promise, reject } = Promise.withResolvers<void>();
      const leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      try {
        await Promise.race([change.promise, promise]);
      } finally {
        signal.removeEventListener("abort", leave);
      }
    },
  };
}

/** Registers Check, List and Watch. */
export function registerHealth(
  router: ConnectRouter,
  health: HealthStatus,
  names: readonly string[],
): void {
  router.service(Health, {
    check({ service }) {
      const status = health.get(service);
      // The protocol fixes this code for a service that is not known here.
      if (status === undefined) throw new ConnectError(`unknown service ${service}`, Code.NotFound);
      return { status };
    },
    list() {
      const all = ["", ...names].map((name) => [
        name,
        { status: health.get(name) ?? ServingStatus.SERVICE_UNKNOWN },
      ]);
      return { statuses: Object.fromEntries(all) };
    },
    async *watch({ service }, { signal }) {
      let told: ServingStatus | undefined;
      for (;;) {
        const status = health.get(service) ?? ServingStatus.SERVICE_UNKNOWN;
        if (status !== told) yield { status };
        told = status;
        if (health.stopped) return;
        await health.changed(signal);
      }
    },
  });
}
