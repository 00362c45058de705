/** `discovery` of providers and cores: names whose addresses are endpoints. */

import { isIP } from "node:net";
import { z } from "zod";
import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import { duration, text, textThat, wholeNumber } from "#yaml/scalar.ts";
import { isHost } from "./address.ts";

/** The parts of a name. */
type DnsName = Pick<DiscoverySettings, "name" | "records" | "port" | "host">;

const hostPort = /^(?<name>[^:]+):(?<port>\d{1,5})$/;
/** The labels of RFC 2782 in front of a name. */
const serviceName = /^_[\w-]+\._[\w-]+\.(?<host>[^:]+)$/;

/** Reads `name:port` (looked up as A and AAAA) and `_service._proto.name` (SRV, which also gives ports). */
function dnsName(written: string): DnsName | undefined {
  const service = serviceName.exec(written)?.groups;
  if (service !== undefined) {
    const { host = "" } = service;
    return isHost(written) ? { name: written, records: "services", port: 0, host } : undefined;
  }
  const { name = "", port = "" } = hostPort.exec(written)?.groups ?? {};
  const number = Number(port);
  if (!isHost(name) || isIP(name) !== 0 || serviceName.test(name)) return undefined;
  if (number < 1 || number > 65_535) return undefined;
  return { name, records: "addresses", port: number, host: name };
}

const nameServer = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[^:]+))(?::(?<port>\d{1,5}))?$/;

/** An IP address with an optional port; IPv6 with a port is in brackets. */
function isNameServer(written: string): boolean {
  if (isIP(written) !== 0) return true;
  const { v6, v4, port = "53" } = nameServer.exec(written)?.groups ?? {};
  const isAddress = v6 === undefined ? isIP(v4 ?? "") === 4 : isIP(v6) === 6;
  return isAddress && Number(port) > 0 && Number(port) <= 65_535;
}

const common = {
  dns: textThat(
    "a name with a port such as cores.svc:50051, or of a service such as _grpc._tcp.cores.svc",
    (written) => dnsName(written) !== undefined,
  ).describe(
    "A name and port: its addresses (A, AAAA) are the endpoints. Or the name of a service (SRV), which also gives ports and weights.",
  ),
  scheme: z
    .enum(["http", "https"])
    .default("http")
    .describe("https for TLS; certificates are checked against the name, not the address."),
  interval: duration("1h")
    .prefault("30s")
    .describe(
      "Longest time between two lookups. A shorter TTL of the DNS answer is followed, down to one second.",
    ),
  max_endpoints: wholeNumber(1, 1_000)
    .prefault(64)
    .describe("Most addresses that become endpoints; further ones are left out."),
  servers: z
    .array(textThat("an IP address with or without a port, such as 10.0.0.2:8600", isNameServer))
    .prefault([])
    .describe(
      "Name servers; the system's, its search domains and its file of hosts when there are none.",
    ),
};

/** The section of a core. */
export const coreDiscovery = z.strictObject(common);

/** The section of a provider. */
export const providerDiscovery = z.strictObject({
  ...common,
  path: text("a path that begins with `/`", /^\/[\w./-]*$/)
    .optional()
    .describe("Path prefix of its API."),
});

/** A discovery that fits the schema. */
export function discoveryFrom(
  written: z.output<typeof coreDiscovery> & { readonly path?: string | undefined },
): DiscoverySettings {
  const { dns, scheme, path = "", interval, max_endpoints: endpointsMax, servers } = written;
  const named = dnsName(dns);
  if (named === undefined) throw new RangeError("the schema lets no such name pass");
  return { dns, ...named, scheme, path, servers, intervalMs: interval, endpointsMax };
}
