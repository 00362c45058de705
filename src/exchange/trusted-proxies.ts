/** Who sent a request and how it came: what the socket says, or what trusted proxies do. */

import { BlockList, isIP, SocketAddress } from "node:net";
import { forwardedElements } from "./forwarded.ts";

/** Fields in which proxies tell whose request they pass on. */
export const proxyFields = ["x-forwarded-for", "forwarded", "x-real-ip"] as const;

/** One of them. */
export type ProxyField = (typeof proxyFields)[number];

/** Who sent a request and how it came. */
export interface ClientFacts {
  readonly address: string;
  /** A trusted proxy says that the request came to it by HTTPS. */
  readonly isHttps: boolean;
  /** Host and port that the client asked, where a trusted proxy says so. */
  readonly host: string | undefined;
}

/** The proxies that are believed. */
export interface TrustedProxies {
  /** Whether a connection from this address is one of theirs. */
  has(address: string): boolean;
  /** The client behind a connection, by the fields of its request. */
  clientOf(socketAddress: string, header: (name: string) => string | undefined): ClientFacts;
}

/** How an IPv6 socket reports an IPv4 client (RFC 4291 §2.5.5.2). */
const mappedPrefix = "::ffff:";

/** One text per client: an IPv4 client of an IPv6 listener counts as what it is. */
function plain(address: string): string {
  return address.startsWith(mappedPrefix) ? address.slice(mappedPrefix.length) : address;
}

/**
 * An entry of a proxy's field as the system would write the address, whichever of its many texts a
 * proxy chose. Some write the port too, IPv6 in brackets.
 */
function hopFrom(entry: string): string {
  const [, v4, v6] = /^(?:([\d.]+):\d+|\[([^\]]*)\](?::\d+)?)$/.exec(entry) ?? [];
  const hop = v4 ?? v6 ?? entry;
  if (isIP(hop) !== 6) return hop;
  return plain(new SocketAddress({ address: hop, family: "ipv6" }).address);
}

/** What proxies say of one request, each list with the nearest proxy's entry last. */
interface Told {
  readonly hops: readonly string[];
  readonly schemes: readonly string[];
  readonly hosts: readonly string[];
}

type Header = (name: string) => string | undefined;

function itemsOf(field: string | undefined): readonly string[] {
  return field === undefined ? [] : field.split(",").map((item) => item.trim());
}

/** What the first of these fields that came says, with those that go with it. */
function toldBy(fields: readonly ProxyField[], header: Header): Told {
  const used = fields.find((name) => header(name) !== undefined);
  if (used === "forwarded") {
    const elements = forwardedElements(header(used) ?? "") ?? [];
    return {
      hops: elements.map((element) => element.for ?? ""),
      schemes: elements.map(({ proto = "" }) => proto),
      hosts: elements.map(({ host = "" }) => host),
    };
  }
  const hops = used === undefined ? [] : itemsOf(header(used));
  // A proxy that tells no address may tell these two.
  if (!fields.some((name) => name !== "forwarded")) return { hops, schemes: [], hosts: [] };
  return {
    hops,
    schemes: itemsOf(header("x-forwarded-proto")),
    hosts: itemsOf(header("x-forwarded-host")),
  };
}

/** What the proxy that is so many places from the end said, or the first one, where fewer did. */
function saidAt(items: readonly string[], fromEnd: number): string | undefined {
  return items[Math.max(0, items.length - Math.max(1, fromEnd))] || undefined;
}

/** What can be a host and perhaps a port. */
const hostPattern = /^[\w.-]{1,253}(?::\d{1,5})?$|^\[[\da-fA-F:.]{2,45}\](?::\d{1,5})?$/;

/**
 * Believes what `proxies` (addresses or CIDR blocks) wrote: reading from the right, the first address
 * that is not one of them is the client's. Of `fields` the first that came counts: a proxy that writes
 * another one lets its clients write this one.
 */
export function trustedProxies(
  proxies: readonly string[],
  fields: readonly ProxyField[] = proxyFields,
): TrustedProxies {
  const untold = (address: string): ClientFacts => ({
    address: plain(address),
    isHttps: false,
    host: undefined,
  });
  if (proxies.length === 0) return { has: () => false, clientOf: untold };
  const trusted = new BlockList();
  for (const entry of proxies) {
    const [network = "", prefix] = entry.split("/");
    const family = isIP(network) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) trusted.addAddress(network, family);
    else trusted.addSubnet(network, Number(prefix), family);
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

  return {
    has: (address) => isTrusted(plain(address)),
    clientOf(socketAddress, header) {
      let address = plain(socketAddress);
      if (!isTrusted(address)) return untold(address);
      const { hops, schemes, hosts } = toldBy(fields, header);
      let passed = 0;
      while (isTrusted(address)) {
        const hop = hopFrom(hops[hops.length - 1 - passed] ?? "");
        if (isIP(hop) === 0) break;
        address = hop;
        passed += 1;
      }
      const host = saidAt(hosts, passed);
      return {
        address,
        isHttps: saidAt(schemes, passed)?.toLowerCase() === "https",
        host: host !== undefined && hostPattern.test(host) ? host : undefined,
      };
    },
  };
}
