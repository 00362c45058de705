/** The address a request counts as coming from: the socket's, or what trusted proxies say. */

import { BlockList, isIP, SocketAddress } from "node:net";

/** Tells the client's address from the socket's and X-Forwarded-For. */
export type ClientAddress = (socketAddress: string, forwardedFor: string | undefined) => string;

/** How an IPv6 socket reports an IPv4 client (RFC 4291 §2.5.5.2). */
const mappedPrefix = "::ffff:";

/** One text per client: an IPv4 client of an IPv6 listener counts as what it is. */
function plain(address: string): string {
  return address.startsWith(mappedPrefix) ? address.slice(mappedPrefix.length) : address;
}

/**
 * An entry of X-Forwarded-For as the system would write the address, whichever of its many texts a
 * proxy chose. Some write the port too, IPv6 in brackets.
 */
function hopFrom(entry: string): string {
  const [, v4, v6] = /^(?:([\d.]+):\d+|\[([^\]]*)\](?::\d+)?)$/.exec(entry) ?? [];
  const hop = v4 ?? v6 ?? entry;
  if (isIP(hop) !== 6) return hop;
  return plain(new SocketAddress({ address: hop, family: "ipv6" }).address);
}

/**
 * Believes X-Forwarded-For as far as it was written by `trustedProxies` (addresses or CIDR
 * blocks): reading from the right, the first address that is not one of them is the client's.
 */
export function clientAddress(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return plain;
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [network = "", prefix] = entry.split("/");
    const family = isIP(network) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) trusted.addAddress(network, family);
    else trusted.addSubnet(network, Number(prefix), family);
  }
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");

  return (socketAddress, forwardedFor) => {
    let client = plain(socketAddress);
    const hops = forwardedFor?.split(",") ?? [];
    while (isTrusted(client)) {
      const hop = hopFrom(hops.pop()?.trim() ?? "");
      if (isIP(hop) === 0) break;
      client = hop;
    }
    return client;
  };
}
