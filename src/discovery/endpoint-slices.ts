/** What the EndpointSlices of one service say: read with distrust, merged into places. Pure. */

import { isIP } from "node:net";
import type { KubernetesSettings } from "#backends/discovery-settings.ts";
import type { Place } from "./slots.ts";

/** One endpoint of a slice. */
interface SliceEndpoint {
  readonly address: string;
  /** It takes calls. */
  readonly isReady: boolean;
  /** It would take calls, but is about to end. */
  readonly isLeaving: boolean;
}

/** One port of a slice; a slice without numbers has none. */
interface SlicePort {
  readonly name: string;
  readonly port: number;
}

/** As much of an EndpointSlice (discovery.k8s.io/v1) as is of use. */
export interface EndpointSlice {
  readonly name: string;
  readonly family: "ipv4" | "ipv6";
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

/** What a service is asked for. */
export type Wanted = Pick<KubernetesSettings, "written" | "port" | "family">;

/** Whatever JSON has. */
type Json = Readonly<Record<string, unknown>>;

const families: ReadonlyMap<unknown, "ipv4" | "ipv6"> = new Map([
  ["IPv4", "ipv4"],
  ["IPv6", "ipv6"],
] as const);

/** An object's fields; none of what is no object. */
export function fieldsOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

/** The items of a list; none of what is no list. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Addresses of one endpoint stand for each other: the first is taken. Ready is what does not say that it is not. */
function endpointOf(value: unknown): SliceEndpoint | undefined {
  const { addresses, conditions } = fieldsOf(value);
  const [address] = itemsOf(addresses);
  if (typeof address !== "string" || isIP(address) === 0) return undefined;
  const { ready, serving = ready, terminating } = fieldsOf(conditions);
  const isReady = ready !== false;
  return { address, isReady, isLeaving: !isReady && serving === true && terminating === true };
}

function portOf(value: unknown): SlicePort | undefined {
  const { name, port, protocol = "TCP" } = fieldsOf(value);
  const isPort = Number.isInteger(port) && Number(port) > 0 && Number(port) <= 65_535;
  return isPort && protocol === "TCP" ? { name: textOf(name), port: Number(port) } : undefined;
}

/** Reads a slice; undefined for one without a name, or of names instead of addresses (FQDN). */
export function sliceOf(value: unknown): EndpointSlice | undefined {
  const { metadata, addressType, endpoints, ports } = fieldsOf(value);
  const name = textOf(fieldsOf(metadata).name);
  const family = families.get(addressType);
  if (name === "" || family === undefined) return undefined;
  return {
    name,
    family,
    ports: itemsOf(ports).flatMap((one) => portOf(one) ?? []),
    endpoints: itemsOf(endpoints).flatMap((one) => endpointOf(one) ?? []),
  };
}

/** The number of the wanted port in a slice; a slice that names no ports takes every number. */
function numberIn({ ports }: EndpointSlice, wanted: Wanted["port"]): number | undefined {
  if (typeof wanted === "number") {
    return ports.length === 0 || ports.some(({ port }) => port === wanted) ? wanted : undefined;
  }
  return ports.find(({ name }) => name === wanted)?.port;
}

/** The slices of one kind of address; with `any`, those of IPv4 where there is one with endpoints. */
function ofFamily(slices: readonly EndpointSlice[], family: Wanted["family"]) {
  const isFour = slices.some((slice) => slice.family === "ipv4" && slice.endpoints.length > 0);
  const either = isFour ? "ipv4" : "ipv6";
  const chosen = family === "any" ? either : family;
  return slices.filter((slice) => slice.family === chosen);
}

/** What there is in place of the port that nobody has. */
function noPort(slices: readonly EndpointSlice[], { written, port }: Wanted): Error {
  const known = slices.flatMap(({ ports }) => ports.map((one) => `${one.name} (${one.port})`));
  const has = known.length === 0 ? "none" : [...new Set(known)].slice(0, 16).join(", ");
  return new Error(`no endpoint of ${written} has the port ${port} of its pods; there are: ${has}`);
}

/**
 * The places of a service: endpoints that are ready, else those that serve until they end, as in a
 * rollout whose new pods are late. Throws Error, in words, where there is no slice, or none has the port.
 */
export function placesOf(slices: readonly EndpointSlice[], wanted: Wanted): Place[] {
  if (slices.length === 0) {
    throw new Error(`there are no EndpointSlices of ${wanted.written}: is there such a service?`);
  }
  const usable = ofFamily(slices, wanted.family);
  const found = usable.flatMap((slice) => {
    const port = numberIn(slice, wanted.port);
    return port === undefined ? [] : slice.endpoints.map((one) => ({ ...one, port }));
  });
  if (found.length === 0 && usable.some(({ endpoints }) => endpoints.length > 0)) {
    throw noPort(usable, wanted);
  }
  const ready = found.filter(({ isReady }) => isReady);
  const taken = ready.length > 0 ? ready : found.filter(({ isLeaving }) => isLeaving);
  return taken.map(({ address, port }) => ({ address, port, weight: 1 }));
}
