/** Lets the members of a pool follow the addresses of a name. */

import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import type { Clock } from "#core/clock.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { type Discovery, startDiscovery } from "./discovery.ts";
import { dnsResolve } from "./dns.ts";
import type { Slot } from "./slots.ts";

/** What has happened to the endpoints of a name, for the log. */
export type DiscoveryEvent = {
  readonly dns: string;
} & (
  | {
      readonly kind: "changed";
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
  /** Each endpoint's share, times what DNS says of it. */
  readonly weight: number;
  readonly open: (endpoint: FoundEndpoint) => Promise<B>;
}

/** What following needs of its surroundings. */
export interface FollowDeps {
  readonly clock: Clock;
  readonly onDiscovery: (event: DiscoveryEvent) => void;
}

const hostPort = ({ address, port }: Slot) =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** Follows until it is disposed; to be disposed before the pool. */
export function follow<B extends PooledBackend>(
  { pool, discovery, prefix, weight, open }: FollowOptions<B>,
  { clock, onDiscovery }: FollowDeps,
): Discovery {
  const { dns, scheme, host, path, endpointsMax } = discovery;
  const idOf = ({ number }: Slot) => `${prefix}-${number}`;
  const told = (slot: Slot) => `${idOf(slot)} ${hostPort(slot)}`;
  return startDiscovery(discovery, {
    clock,
    resolve: dnsResolve(discovery),
    async apply({ joined, weighed, left }) {
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
      onDiscovery({ kind: "changed", dns, joined: joined.map(told), left: left.map(told) });
    },
    onState: (state, cause) =>
      onDiscovery(state === "failing" ? { kind: state, dns, cause } : { kind: state, dns }),
    onBeyond: (count) => onDiscovery({ kind: "beyond", dns, count, endpointsMax }),
  });
}
