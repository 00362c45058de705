/** How the endpoints behind a name are found. Types only. */

/** What holds wherever a name's endpoints are found. */
interface FoundSettings {
  /** As the name was configured. */
  readonly written: string;
  /** The name in certificates and in Host; who tells the addresses has no say in it. */
  readonly host: string;
  readonly scheme: "http" | "https" | "grpc" | "grpcs";
  /** Follows each address; empty for none. */
  readonly path: string;
  /** Endpoints at one time. */
  readonly endpointsMax: number;
}

/** A name whose addresses DNS tells: `name:port`, or `_service._proto.name`. */
export interface DnsSettings extends FoundSettings {
  readonly source: "dns";
  /** The name that is asked for, and what for: its addresses (A and AAAA), or who offers the service (SRV). */
  readonly name: string;
  readonly records: "addresses" | "services";
  /** The port of addresses; services tell their own. */
  readonly port: number;
  /** Address and port of name servers; the system's when empty. */
  readonly servers: readonly string[];
  /** Longest pause until the name is asked for again. */
  readonly intervalMs: number;
}

/** Where the API of Kubernetes is, and how it is trusted. Files are absolute, and read again and again. */
export interface KubernetesApi {
  /** https:// or http:// with host and port. */
  readonly origin: string;
  /** Holds the token that shows who asks; absent: none is sent. */
  readonly tokenFile?: string;
  /** PEM authorities; the system's when absent. */
  readonly caFile?: string;
}

/** A service of Kubernetes, whose slices tell its endpoints: `service.namespace:port`. */
export interface KubernetesSettings extends FoundSettings {
  readonly source: "kubernetes";
  readonly service: string;
  readonly namespace: string;
  /** Of the pods: its name, or its number. */
  readonly port: string | number;
  /** Which addresses of a service that has both kinds; `any`: of IPv4 if there are some, else of IPv6. */
  readonly family: "any" | "ipv4" | "ipv6";
  readonly api: KubernetesApi;
}

/** A name whose addresses are endpoints. */
export type DiscoverySettings = DnsSettings | KubernetesSettings;
