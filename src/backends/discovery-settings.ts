/** How the endpoints behind a name are found. Types only. */

/** A name whose addresses are endpoints. */
export interface DiscoverySettings {
  /** As it was configured: `name:port`, or `_service._proto.name`. */
  readonly dns: string;
  /** The name that is asked for, and what for: its addresses (A and AAAA), or who offers the service (SRV). */
  readonly name: string;
  readonly records: "addresses" | "services";
  /** The port of addresses; services tell their own. */
  readonly port: number;
  /** The name in certificates and in Host; DNS has no say in it. */
  readonly host: string;
  readonly scheme: "http" | "https";
  /** Follows each address; empty for none. */
  readonly path: string;
  /** Address and port of name servers; the system's when empty. */
  readonly servers: readonly string[];
  /** Longest pause until the name is asked for again. */
  readonly intervalMs: number;
  /** Endpoints at one time. */
  readonly endpointsMax: number;
}
