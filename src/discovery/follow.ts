/** Lets the members of a pool follow the addresses of a name. */

import type { DiscoverySettings, KubernetesSettings } from "#backends/discovery-settings.ts";
import type { Clock } from "#core/clock.ts";
import { doubledPauseMs } from "#core/doubled-pause.ts";
import type { Rng } from "#core/rng.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import {
  type Discovery,
  type DiscoveryOptions,
  type Resolve,
  startDiscovery,
} from "./discovery.ts";
import { dnsResolve } from "./dns.ts";
import type { Slot } from "./slots.ts";

/** What has happened to the endpoints of a name, for log and metrics. */
export type DiscoveryEvent = {
  /** Who tells the endpoints, and the name as it was configured. */
  readonly source: DiscoverySettings["source"];
  readonly name: string;
} & (
  | {
      readonly kind: "changed";
      /** Endpoints that there are now. */
      readonly count: number;
      /** Id and address of each. */
      readonly joined: readonly string[];
      readonly left: readonly string[];
    }
  | { readonly kind: "failing"; readonly cause: unknown }
  | { readonly kind: "working" }
  | { readonly kind: "beyond"; readonly count: number; readonly endpointsMax: number }
);

/** Where an endpoint is. */
export interface FoundEndpoint {
  /** With the configured name as its host: certificates are checked against it. */
  readonly url: string;
  /** The address that is connected to. */
  readonly address: string;
}

/** Whose members follow, and how they are made. */
export interface FollowOptions<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly discovery: DiscoverySettings;
  /** Endpoints are named `prefix-1`, `prefix-2` …, each number as long as its address is there. */
  readonly prefix: string;
  /** Each endpoint's share, times what is said of it. */
  readonly weight: number;
  readonly open: (endpoint: FoundEndpoint) => Promise<B>;
}

/** What following needs of its surroundings. */
export interface FollowDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly onDiscovery: (event: DiscoveryEvent) => void;
}

const hostPort = ({ address, port }: Slot) =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** A name server that says `ask again at once` is not asked more often than this. */
const dnsPauseMsMin = 1_000;
/** Pause after DNS has failed. */
const dnsRetryMs = 5_000;
/** Changes that Kubernetes tells within this time are made together. */
const changesPauseMs = 100;
/** Pause after Kubernetes has failed: at first, and at most. */
const apiRetry = { firstMs: 500, mostMs: 30_000, jitter: 0.5 } as const;

/** Who has no service of Kubernetes loads nothing for it. */
function kubernetesOf(settings: KubernetesSettings, deps: FollowDeps): Resolve {
  const opening = import("./kubernetes.ts").then(({ kubernetesResolve }) =>
    kubernetesResolve(settings, deps),
  );
  return async (signal) => (await opening)(signal);
}

/** How the endpoints are asked for, and how often. */
function sourceOf(
  discovery: DiscoverySettings,
  deps: FollowDeps,
): { readonly resolve: Resolve; readonly options: DiscoveryOptions } {
  const { endpointsMax } = discovery;
  if (discovery.source === "dns") {
    const { intervalMs } = discovery;
    const pauses = { intervalMs, pauseMsMin: dnsPauseMsMin, retryMs: () => dnsRetryMs };
    return { resolve: dnsResolve(discovery), options: { ...pauses, endpointsMax } };
  }
  const { mostMs, jitter } = apiRetry;
  const retryMs = (failures: number) =>
    doubledPauseMs(failures, apiRetry) * (1 - jitter * deps.rng.next());
  const pauses = { intervalMs: mostMs, pauseMsMin: changesPauseMs, retryMs };
  return { resolve: kubernetesOf(discovery, deps), options: { ...pauses, endpointsMax } };
}

/** Follows until it is disposed; to be disposed before the pool. */
export function follow<B extends PooledBackend>(
  { pool, discovery, prefix, weight, open }: FollowOptions<B>,
  deps: FollowDeps,
): Discovery {
  const { source, written: name, scheme, host, path, endpointsMax } = discovery;
  const { onDiscovery } = deps;
  const { resolve, options } = sourceOf(discovery, deps);
  const idOf = ({ number }: Slot) => `${prefix}-${number}`;
  const told = (slot: Slot) => `${idOf(slot)} ${hostPort(slot)}`;
  return startDiscovery(options, {
    clock: deps.clock,
    resolve,
    async apply({ slots, joined, weighed, left }) {
      const members = await Promise.all(
        joined.map(async (slot) => ({
          id: idOf(slot),
          weight: weight * slot.weight,
          backend: await open({
            url: `${scheme}://${host}:${slot.port}${path}`,
            address: slot.address,
          }),
        })),
      );
      // In one turn: no call finds the pool between two answers.
      for (const slot of left) pool.leave(idOf(slot));
      for (const slot of weighed) pool.weigh(idOf(slot), weight * slot.weight);
      for (const member of members) pool.join(member);
      if (joined.length + left.length === 0) return;
      const facts = { source, name, count: slots.length };
      onDiscovery({ kind: "changed", ...facts, joined: joined.map(told), left: left.map(told) });
    },
    onState: (state, cause) =>
      onDiscovery(
        state === "failing" ? { kind: state, source, name, cause } : { kind: state, source, name },
      ),
    onBeyond: (count) => onDiscovery({ kind: "beyond", source, name, count, endpointsMax }),
  });
}
