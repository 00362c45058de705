/** `discovery` of providers, cores and servers of models: names whose addresses are endpoints. */

import { isIP } from "node:net";
import { z } from "zod";
import type {
  DiscoverySettings,
  DnsSettings,
  KubernetesApi,
  KubernetesSettings,
} from "#backends/discovery-settings.ts";
import { duration, text, textThat, wholeNumber } from "#yaml/scalar.ts";
import { isHost } from "./address.ts";
import type { Report } from "./report.ts";

/** The parts of a name. */
type DnsName = Pick<DnsSettings, "name" | "records" | "port" | "host">;
type ServiceName = Pick<KubernetesSettings, "service" | "namespace" | "port" | "host">;

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

/** As DNS names a service of Kubernetes, with the domain of the cluster or without it. */
const kubernetesName =
  /^(?<service>[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)\.(?<namespace>[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.svc(\.[a-z0-9.-]{1,200})?)?:(?<port>[a-z0-9-]{1,63})$/;

/** Reads `service.namespace:port`, whose port is a name or a number. */
function kubernetesService(written: string): ServiceName | undefined {
  const { service, namespace, port: said = "" } = kubernetesName.exec(written)?.groups ?? {};
  if (service === undefined || namespace === undefined) return undefined;
  const port = /^\d+$/.test(said) ? Number(said) : said;
  if (typeof port === "number" && (port < 1 || port > 65_535)) return undefined;
  return { service, namespace, port, host: `${service}.${namespace}.svc` };
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
  )
    .optional()
    .describe(
      "A name and port: its addresses (A, AAAA) are the endpoints. Or the name of a service (SRV), which also gives ports and weights.",
    ),
  kubernetes: textThat(
    "a service with its namespace and port such as vllm.prod:http",
    (written) => kubernetesService(written) !== undefined,
  )
    .optional()
    .describe(
      "Instead of `dns`: `service.namespace:port`; its endpoints that are ready, as the EndpointSlices of the section `kubernetes` list them, changes at once. The port is that of the pods, by name or number.",
    ),
  addresses: z
    .enum(["any", "ipv4", "ipv6"])
    .default("any")
    .describe(
      "Which addresses of a service of Kubernetes that has both kinds; `any`: of IPv4 if there are some.",
    ),
  interval: duration("1h")
    .prefault("30s")
    .describe(
      "Longest time between two lookups in DNS. A shorter TTL of the DNS answer is followed, down to one second.",
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

const scheme = () =>
  z
    .enum(["http", "https"])
    .default("http")
    .describe("https for TLS; certificates are checked against the name, not the address.");

/** The section of a core. */
export const coreDiscovery = z.strictObject({ ...common, scheme: scheme() });

/** The section of a group of model servers. */
export const modelServerDiscovery = z.strictObject({
  ...common,
  scheme: z
    .enum(["grpc", "grpcs", "http", "https"])
    .default("grpc")
    .describe(
      "grpcs for TLS, checked against the name; http and https for the REST form of the Open Inference Protocol.",
    ),
});

/** The section of a provider. */
export const providerDiscovery = z.strictObject({
  ...common,
  scheme: scheme(),
  path: text("a path that begins with `/`", /^\/[\w./-]*$/)
    .optional()
    .describe("Path prefix of its API."),
});

/** Any of these sections. */
type FileDiscovery = Omit<z.output<typeof coreDiscovery>, "scheme"> & {
  readonly scheme: DiscoverySettings["scheme"];
  readonly path?: string | undefined;
};

/** What discoveries need besides their own section. */
export interface DiscoveryContext {
  /** Absent when no one says where the API of Kubernetes is. */
  readonly kubernetes: KubernetesApi | undefined;
}

/** A discovery that fits the schema; undefined, and reported, when it names nothing, or two. */
export function discoveryFrom(
  written: FileDiscovery,
  { kubernetes: api }: DiscoveryContext,
  report: Report,
): DiscoverySettings | undefined {
  const { dns, kubernetes, scheme, path = "", interval, max_endpoints: endpointsMax } = written;
  const shared = { scheme, path, endpointsMax };
  if (dns !== undefined && kubernetes !== undefined) {
    report(["kubernetes"], "cannot be combined with dns", "keep one of them");
    return undefined;
  }
  if (kubernetes !== undefined) {
    const named = kubernetesService(kubernetes);
    if (named === undefined) return undefined;
    if (written.servers.length > 0) report(["servers"], "has no effect: Kubernetes is asked");
    if (api === undefined) {
      const where = "KUBERNETES_SERVICE_HOST is not set either";
      report(["kubernetes"], "does not know where the API is", `set kubernetes.server; ${where}`);
      return undefined;
    }
    const { addresses: family } = written;
    return { source: "kubernetes", written: kubernetes, ...named, ...shared, family, api };
  }
  const named = dns === undefined ? undefined : dnsName(dns);
  if (dns === undefined || named === undefined) {
    report(["dns"], "is required", "or `kubernetes`");
    return undefined;
  }
  if (written.addresses !== "any") report(["addresses"], "has no effect: it is of `kubernetes`");
  const { servers } = written;
  return { source: "dns", written: dns, ...named, ...shared, servers, intervalMs: interval };
}
