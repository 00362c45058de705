/** Servers of models as the configuration has them. Types only. */

import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import type { ConcurrencyLimit } from "#pool/member.ts";
import type { Algorithm } from "#routing/balancer.ts";

/** What a server speaks: TensorFlow Serving's gRPC, or the Open Inference Protocol by gRPC or REST. */
export type ModelServerProtocol = "tensorflow" | "oip";

/** One address of a group. */
export interface ModelServerEndpoint {
  /** Unique in the group, such as tensorflow-1. */
  readonly id: string;
  /** grpc://, grpcs://, http:// or https:// with host and port; the latter two mean REST. */
  readonly url: string;
  readonly weight: number;
}

/** PEM files, absolute: how the servers are trusted, and the gateway by them. */
export interface ModelServerTls {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
}

/** Servers that have the same models. */
export interface ModelServersSettings {
  readonly name: string;
  readonly protocol: ModelServerProtocol;
  /** Empty with `discovery`. */
  readonly endpoints: readonly ModelServerEndpoint[];
  /** Present: each address of a name is a server. */
  readonly discovery?: DiscoverySettings;
  readonly algorithm: Algorithm;
  /** Calls that an endpoint has at one time; absent: any number. */
  readonly concurrentMax?: ConcurrencyLimit;
  /** Models that are listed before anybody asks for them. */
  readonly models: readonly string[];
  /** The servers' own names by those of this gateway. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Models that are asked for here before this process. */
  readonly preferred: readonly string[];
  /** Models whose responses are kept for equal requests. */
  readonly cached: readonly string[];
  readonly tls?: ModelServerTls;
}
