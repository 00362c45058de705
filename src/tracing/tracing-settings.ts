/** What tracing is made from. Types only. */

import type { SamplerOptions } from "./sampler.ts";

/** Whose trace context counts: everybody's, that of trusted proxies, or nobody's. */
export type TraceTrust = "all" | "proxies" | "none";

/** Where spans go. */
export interface OtlpSettings {
  /** Of OTLP over HTTP the whole URL; of gRPC scheme, host and port. */
  readonly url: string;
  readonly protocol: "http/protobuf" | "grpc";
  /** They may hold a key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absolute path of a PEM file; the system's authorities when absent. */
  readonly caFile?: string;
  /** Time of one request. */
  readonly timeoutMs: number;
}

/** Everything that is configured of tracing. */
export interface TracingSettings extends SamplerOptions {
  /** Absent: nothing is recorded, contexts are passed on alone. */
  readonly otlp?: OtlpSettings;
  readonly trust: TraceTrust;
  /** By the name of a listener, where it is another. */
  readonly trustByListener: Readonly<Record<string, TraceTrust>>;
  /** Attributes of the resource, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
  /** Spans and bytes that wait to be sent. */
  readonly queue: { readonly spansMax: number; readonly bytesMax: number };
}
