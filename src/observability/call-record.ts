/** What is known of one request while it is served: begun at the request entry, completed on the way. */

import type { CertificateNames } from "#core/certificate-names.ts";
import type { TraceContext } from "#core/trace-context.ts";
import type { ServerSpan } from "./server-span.ts";

/** One try of a call on an endpoint of a backend. */
export interface TryFacts {
  /** Name of the pool or backend, such as a provider's. */
  readonly pool: string;
  readonly endpoint: string;
  /** The model that was asked for; empty where the endpoint chooses. */
  readonly model: string;
  /** Strategy that chose the endpoint. */
  readonly algorithm: string;
  /** OK, or the reason of the failure. */
  readonly outcome: string;
  /** Monotonic time of its beginning, in milliseconds. */
  readonly startedMs: number;
  readonly elapsedMs: number;
  /** Milliseconds until the first message of a stream. */
  readonly firstMs?: number | undefined;
  /** Tokens and US dollars that its response used; absent where neither is counted. */
  readonly tokens?: number;
  readonly cost?: number;
  /** 1 for the call's first try. */
  readonly attempt?: number;
  /** What the choice rested on, as routing has it; `size` is of how many endpoints it speaks. */
  readonly decision?:
    | { readonly size: number; readonly route?: string; readonly by?: string }
    | undefined;
  /** The trace as it was sent to its endpoint; undefined where nothing is traced. */
  readonly span?: TraceContext | undefined;
}

/** Facts of a request for logs, metrics and limits. Each field is written by the room that its comment names. */
export interface CallRecord {
  /** Identifier sent to the client and to backends. (entry) */
  readonly requestId: string;
  /** Name of the listener that took the request. (entry) */
  readonly listener: string;
  /** Port of that listener. (entry) */
  readonly port: number;
  /** Address of the client, seen through trusted proxies. (entry) */
  readonly clientAddress: string;
  /** Names in the client's certificate, which an authority of the listener has signed. (entry) */
  readonly certificate?: CertificateNames | undefined;
  /** HTTP method as sent. (entry) */
  readonly httpMethod: string;
  /** HTTP version as sent, 1.1 or 2. (entry) */
  readonly httpVersion: string;
  /** Monotonic time of arrival, in milliseconds. (entry) */
  readonly startMs: number;
  /** Route template or procedure: a word from a bounded set, never the raw path. (entry) */
  endpoint: string;
  /** The API that the call came by: rpc, rest or a vendor's. (surfaces) */
  surface?: string | undefined;
  /** Host that the client asked, where a trusted proxy says that it is another than the request's. (entry) */
  host?: string;
  /** Path of a request that has no template, for the log only. (entry) */
  path?: string;
  /** Name of the caller's credential. (authenticate) */
  principal?: string | undefined;
  /** The group of that credential, and the words that the call's spending is summed up by. (authenticate) */
  group?: string;
  tags?: readonly string[];
  /** Model that was asked for or answered. (services) */
  model?: string | undefined;
  /** Endpoint of a backend that was asked last, such as core-1. (services) */
  upstream?: string | undefined;
  /** How many tries were made. (services) */
  attempts?: number | undefined;
  /** Milliseconds spent waiting for backends. (services) */
  upstreamMs?: number | undefined;
  /** Milliseconds of those spent waiting for a place at an endpoint. (services) */
  queueMs?: number;
  /** Milliseconds for which its backend went on after the client had left. (services) */
  drainedMs?: number;
  /** Its tries, in the order of their ends. (services) */
  tries?: TryFacts[] | undefined;
  /** Tokens read and written. (services) */
  promptTokens?: number | undefined;
  completionTokens?: number | undefined;
  /** Of those read: from a provider's cache; of those written: the model's thoughts. (services) */
  cacheReadTokens?: number;
  reasoningTokens?: number;
  /** Price in US dollars. (services) */
  cost?: number | undefined;
  /** Its messages as JSON, where bodies are captured. (capture) */
  requestBody?: CapturedText;
  responseBody?: CapturedText;
  /** What an operator's call is about, for the audit log. (audit target) */
  target?: string;
  /** Reason of a refusal that came before there was a call. (hosts, surfaces) */
  refusal?: string;
  /** What the gateway itself failed with outside of a call, for the log only. (surfaces) */
  failure?: unknown;
  /** Level of the access line of a page whose status says too much or too little. (pages) */
  level?: "debug" | "info";
  /** The portal only looks: it is left out of all that the portal shows. (portal) */
  uncounted?: true;
  /** The trace that it belongs to; absent where nothing is traced. (entry) */
  trace?: ServerSpan;
  /** HTTP status; undefined while the exchange has not ended. (entry) */
  status: number | undefined;
  /** A call began: the access line waits for its end. (access log) */
  called: boolean;
  /** How the call ended. (access log) */
  outcome?: CallOutcome | undefined;
}

/** A message as JSON, without what must not be kept. */
export interface CapturedText {
  readonly json: string;
  /** Something was left out at the end. */
  readonly truncated: boolean;
}

/** How a call ended. */
export interface CallOutcome {
  /** Service and method, such as polygate.v1.ChatService/Chat. */
  readonly procedure: string;
  /** Status code in gRPC's words, such as OK or NOT_FOUND. */
  readonly code: string;
  /** Reason of a failure. */
  readonly reason?: string;
  /** What the client learns of a failure. */
  readonly message?: string;
  /** The scope that the method asks for; absent: none. */
  readonly scope?: string;
  /** The call was refused for its caller, or for a limit of the caller's. */
  readonly denied?: boolean;
  /** The call only looks at the gateway, and is left out of what is shown of it. */
  readonly uncounted?: boolean;
  /** Level that the reason asks for. */
  readonly level: "info" | "warn" | "error";
  /** What went wrong, for the log only. */
  readonly error?: unknown;
}
