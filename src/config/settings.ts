/** What the gateway runs with: every setting decided, checked and frozen; the other rooms read this only. */

import type { KeyObject } from "node:crypto";
import type { AlertSettings } from "#alerts/alert-settings.ts";
import type { DiscoverySettings } from "#backends/discovery-settings.ts";
import type { ProviderSettings } from "#backends/llm/provider-settings.ts";
import type { OnnxOptions } from "#backends/onnx/backend.ts";
import type { CoreProtocol } from "#backends/open-core.ts";
import type { ResponseCacheOptions } from "#cache/response-cache.ts";
import type { ModelServersSettings } from "#catalog/model-servers-settings.ts";
import type { RouteSettings } from "#catalog/route-settings.ts";
import type { RingOptions } from "#core/ring.ts";
import type { CompressionOptions } from "#exchange/compression.ts";
import type { ConnectionAge } from "#exchange/connection-ages.ts";
import type { CorsOptions } from "#exchange/cors.ts";
import type { ProxyField } from "#exchange/trusted-proxies.ts";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import type { HookSettings } from "#hooks/hook-settings.ts";
import type { Group, KeyDigest } from "#identity/credentials.ts";
import type { AuthOptions } from "#interceptors/authenticate.ts";
import type { RouteSize } from "#interceptors/route-sizes.ts";
import type { LimitOptions } from "#limits/limit-options.ts";
import type { OnStoreError } from "#limits/store-fallback.ts";
import type { AuditOptions } from "#observability/audit-log.ts";
import type { LoggerOptions } from "#observability/logger.ts";
import type { LoadTerms } from "#overload/load-level.ts";
import type { ConcurrencyLimit } from "#pool/member.ts";
import type { ProbeOptions } from "#pool/probe.ts";
import type { PortalSettings } from "#portal/portal-settings.ts";
import type { RedisSettings } from "#redis/redis-settings.ts";
import type { JsonByMethod, JsonOptions } from "#rest/json.ts";
import type { Algorithm } from "#routing/balancer.ts";
import type { Weights } from "#routing/strategies/scored.ts";
import type { SurfaceName } from "#surface-table.ts";
import type { TraceTrust, TracingSettings } from "#tracing/tracing-settings.ts";
import type { Problem } from "#yaml/problem.ts";

export type { TracingSettings };

/** TLS of a listener. */
export interface TlsSettings {
  /** Absolute paths of PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities that client certificates are checked against. */
  readonly caFile?: string;
  /** require: callers without a certificate of `caFile` are turned away in the handshake. */
  readonly clientAuth: "none" | "request" | "require";
}

/** One address to listen on. */
export interface ListenerSettings {
  /** Unique; errors and logs use it. */
  readonly name: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Never empty. */
  readonly serves: readonly SurfaceName[];
  /** What speaks HTTP/1.1: the project's own engine or node:http. */
  readonly http1Engine: "polygate" | "node";
  /** What speaks HTTP/2: the project's own engine or node:http2. */
  readonly http2Engine: "polygate" | "node";
  /** What differs from `rest.json` here. */
  readonly json?: JsonOptions;
  /** In place of the general ones; off: no cross-origin responses here. Absent: as everywhere. */
  readonly cors?: CorsSettings | "off";
  /** Hosts that requests may name, `*.` standing for any name before it; absent: any. */
  readonly allowedHosts?: readonly string[];
  /** Trusted proxies begin each connection with a header of the PROXY protocol. */
  readonly proxyProtocol: boolean;
  /** How old connections may be; absent: as old as they are used. */
  readonly connectionAge?: ConnectionAge;
  /** Absent: cleartext. */
  readonly tls?: TlsSettings;
  /** Whose trace context counts here; absent: as everywhere. */
  readonly traceContext?: TraceTrust;
}

/** How REST finds methods, and reads and writes their messages. */
export interface RestSettings {
  /** Rules besides those of the protos; they fit the services and each other. */
  readonly rules: readonly HttpRule[];
  readonly json: JsonOptions;
  /** What differs for methods that have routes. */
  readonly jsonByMethod: JsonByMethod;
  /** Query parameters that REST passes over where no field takes them; `utm_*` means a beginning. */
  readonly ignoredQueryParameters: readonly string[];
  /** Silence after which a stream of events carries a comment, and a WebSocket a ping. */
  readonly heartbeatMs: number;
  /** Which responses are compressed, those of pages included. */
  readonly compression: CompressionOptions;
}

/** Cross-origin responses for browsers. */
export type CorsSettings = CorsOptions;

/** A key that callers may present; only its hash is kept. */
export type KeySettings = KeyDigest;

/** Who may call; when it is on, there is at least one key. */
export type AuthSettings = AuthOptions;

/** Limits of clients, addresses, routes, models and providers. */
export type RateLimitSettings = LimitOptions;

/** The Redis or Valkey that gateways share. It may hold a password. */
export interface SharedStoreSettings extends RedisSettings {
  /** How shared limits work while it cannot be reached. */
  readonly onStoreError: OnStoreError;
}

/** Where keys are kept that are made while the gateway runs: a file, or a database. */
export interface KeyStoreSettings {
  /** Absolute. */
  readonly path?: string;
  readonly url?: string;
  /** How long known keys go on while it cannot be asked. */
  readonly outageMs: number;
}

/** TLS to a core, both ways. Absolute paths of PEM files. */
export interface CoreTlsSettings {
  /** The system's authorities when absent. */
  readonly caFile?: string;
  /** Both or neither. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Name in the core's certificate; that of its url when absent. */
  readonly serverName?: string;
}

/** One core. */
export interface CoreSettings {
  /** core-1, core-2 … in the order of the file; of a service of questions agent_controller-1 and so on. */
  readonly id: string;
  /** http:// or https:// with host and port, whatever it speaks. */
  readonly url: string;
  /** Present: each address of the url's host name is a core of its own. */
  readonly discovery?: DiscoverySettings;
  /** A positive integer; only `weighted` reads it. */
  readonly weight: number;
  readonly protocol: CoreProtocol;
  /** What `/healthz` calls it; all but twins answer questions, and absent means no more than a core of chats. */
  readonly service?: "twin" | "agent_controller" | "knowledge_system";
  /** What speaks gRPC to it: the project's own engine or @grpc/grpc-js. */
  readonly transport: "http2" | "grpc-js";
  /** How it learns who calls; absent: not at all. */
  readonly identity?: "plain" | "signed";
  readonly tls?: CoreTlsSettings;
}

/** The pool of chat cores. */
export interface ChatSettings extends ProbeOptions {
  readonly algorithm: Algorithm;
  /** Empty: the gateway answers with its embedded core. */
  readonly cores: readonly CoreSettings[];
  /** Those that answer questions, each service after the one before; empty: the others do. */
  readonly queries: readonly CoreSettings[];
  /** Further tries after the first. */
  readonly retryAttempts: number;
  /** Time limit of one try; absent: only the request's own deadline applies. */
  readonly attemptTimeoutMs?: number;
  /** Retries for each call, and hedges for each call that may have one. */
  readonly retryBudget: number;
  readonly hedgeBudget: number;
  /** How long the first ejection of an endpoint lasts. */
  readonly ejectionMs: number;
  /** Calls that a core may have at one time; absent: any number. */
  readonly concurrentMax?: ConcurrencyLimit;
  /** Age at which a connection to any backend is replaced; absent: never. */
  readonly connectionAgeMaxMs?: number;
}

/** Models that run in this process; the path is absolute. */
export type OnnxSettings = OnnxOptions;

/** Cached responses of chats; one entry is at most as large as the whole cache. */
export interface CacheSettings extends ResponseCacheOptions {
  readonly enabled: boolean;
  /** Responses are shared with other gateways. */
  readonly isInRedis: boolean;
  /** Names whose chats are answered from the cache without asking. */
  readonly models: readonly string[];
  /** Callers get each other's responses. */
  readonly isShared: boolean;
}

/** Recent calls that are kept in memory. */
export interface RequestsSettings extends RingOptions {
  /** Most bytes that are captured of a message; absent: nothing is captured. */
  readonly captureBytesMax?: number;
}

/** What providers and models did, over time. */
export interface HistorySettings {
  /** Absolute path of a SQLite file; without it and `url`: in memory alone. */
  readonly path?: string;
  /** URL of a PostgreSQL database; it may hold a password. */
  readonly url?: string;
  readonly retentionMs: number;
  /** How long the computed sums of the last hours are reused. */
  readonly cacheTtlMs: number;
}

/** Operations of OpenAI's API that are relayed. */
export interface RelaySettings {
  /** Provider for calls that name no model. Absent: the only provider that speaks OpenAI's API, else `openai`. */
  readonly provider?: string;
  /** Secret that ids are signed with; absent: a random one of this process. */
  readonly idSecret?: string;
  /** The `model` field of a form must come within these first bytes. */
  readonly aheadBytesMax: number;
}

/** Files that are sent once and named in calls. */
export interface UploadsSettings {
  /** Absolute path of the folder where they lie. */
  readonly folder: string;
  readonly retentionMs: number;
  /** Files and bytes that are kept, in all and of each key. */
  readonly limits: {
    readonly all: { readonly files: number; readonly bytes: number };
    readonly perOwner: { readonly files: number; readonly bytes: number };
  };
}

/** Where log lines go. */
export interface LoggingSettings extends LoggerOptions {
  /** Decisions and attempts are written at info. */
  readonly routing: boolean;
}

/** Where the audit log goes; the path of a file is absolute. */
export type AuditSettings = AuditOptions;

/** Everything that was configured, deep-frozen. */
export interface Settings {
  /** `production` is strict: it does not start with unsafe settings. */
  readonly environment: string;
  /** Threads that serve calls. */
  readonly workers: number;
  /** At least one; names and host:port pairs are unique. */
  readonly listeners: readonly ListenerSettings[];
  /** Bounds of one request: its body or upload in bytes, its message in elements, its time unless the client gives it less. */
  readonly request: {
    readonly bytesMax: number;
    /** Lower limits of some routes. */
    readonly routeSizes: readonly RouteSize[];
    readonly fileBytesMax: number;
    readonly elementsMax: number;
    readonly timeoutMs: number;
  };
  /** Bytes of requests and responses, decompressed ones included, that the process holds at one time. */
  readonly bufferBytesMax: number;
  /** How long calls are still accepted after the gateway was asked to stop; `/readyz` is 503 already. */
  readonly drainDelayMs: number;
  /** How long active calls may go on after that. */
  readonly drainTimeoutMs: number;
  /** Connections that each listener holds at one time. */
  readonly connectionsMax: number;
  /** Connections per address while few places are left; a quarter of all when absent. */
  readonly connectionsPerAddressMax?: number;
  /** Addresses and CIDR blocks that are believed about their clients. */
  readonly trustedProxies: readonly string[];
  /** Headers in which they name the client. */
  readonly trustedHeaders: readonly ProxyField[];
  readonly rest: RestSettings;
  /** Absent: no cross-origin responses. */
  readonly cors?: CorsSettings;
  readonly auth: AuthSettings;
  /** Signs what cores with `identity: signed` learn about callers: a secret, or the absolute path of a private key. */
  readonly callerSigning?: { readonly secret: KeyObject } | { readonly keyFile: string };
  /** Groups of keys by name. */
  readonly groups: Readonly<Record<string, Group>>;
  /** Absent: keys are those of the settings. */
  readonly keyStore?: KeyStoreSettings;
  /** Absent: no limits. */
  readonly rateLimit?: RateLimitSettings;
  /** Where limits are shared with other gateways; absent: nowhere. */
  readonly redis?: SharedStoreSettings;
  /** What webhooks are notified of; absent: there are none. Addresses and secrets in it are credentials. */
  readonly alerts?: AlertSettings;
  /** From where on load is refused; absent: it never is. */
  readonly overload?: LoadTerms;
  readonly chat: ChatSettings;
  readonly cache: CacheSettings;
  /** LLM providers, those of the environment included. */
  readonly providers: readonly ProviderSettings[];
  /** Public model names of chat. */
  readonly routes: Readonly<Record<string, RouteSettings>>;
  /** Hooks that judge chats, in this order. */
  readonly hooks: readonly HookSettings[];
  readonly relay: RelaySettings;
  /** Absent: nothing may be uploaded. */
  readonly uploads?: UploadsSettings;
  /** Weights of the terms under `scored`. */
  readonly scoreWeights: Weights;
  readonly onnx: OnnxSettings;
  /** Servers of models, in the order in which they are asked. */
  readonly modelServers: readonly ModelServersSettings[];
  readonly requests: RequestsSettings;
  readonly history: HistorySettings;
  readonly portal: PortalSettings;
  readonly logging: LoggingSettings;
  /** Absent: there is no audit log. */
  readonly audit?: AuditSettings;
  /** Absent: nothing is traced. */
  readonly tracing?: TracingSettings;
  readonly metrics: { readonly enabled: boolean; readonly path: string };
  /** The configuration is read again when a file of it has changed. */
  readonly watchesFiles: boolean;
  /** Names that are set but not used by this version; logged once at the start. */
  readonly unused: readonly string[];
  /** Warnings about values that were corrected or ignored; logged once at the start. */
  readonly warnings: readonly Problem[];
}
