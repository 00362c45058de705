/** Which Redis or Valkey gateways share, decided and checked. */

/** Host and port of a server. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** A server, or the nodes of a cluster that are asked where the others are. */
export interface RedisSettings {
  /** One, unless it is a cluster. */
  readonly nodes: readonly RedisNode[];
  readonly isCluster: boolean;
  /** Number of the database; 0 in a cluster. */
  readonly database: number;
  /** Time of one command, in milliseconds. */
  readonly commandMs: number;
  readonly username?: string;
  readonly password?: string;
  /** Present: TLS, by the authorities of a PEM file or, without one, of the system. */
  readonly tls?: { readonly caFile?: string };
}
