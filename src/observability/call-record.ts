/** What is known of one request while it is served: begun at the door, completed on the way. */

/** Facts of a request for logs, metrics and limits. Each field is written by the room named beside it. */
export interface CallRecord {
  /** Identifier sent to the client and to backends. (door) */
  readonly requestId: string;
  /** Name of the listener that took the request. (door) */
  readonly listener: string;
  /** Port of that listener. (door) */
  readonly port: number;
  /** Address of the client, seen through trusted proxies. (door) */
  readonly clientAddress: string;
  /** HTTP method as sent. (door) */
  readonly httpMethod: string;
  /** HTTP version as sent, 1.1 or 2. (door) */
  readonly httpVersion: string;
  /** Monotonic time of arrival, in milliseconds. (door) */
  readonly startMs: number;
  /** Route template or procedure: a word from a bounded set, never the raw path. (door) */
  endpoint: string;
  /** Path of a request that has no template, for the log only. (door) */
  path?: string;
  /** Name of the caller's credential. (authenticate) */
  principal?: string;
  /** Model that was asked for or answered. (services) */
  model?: string;
  /** Endpoint of a backend that was asked last, such as core-1. (services) */
  upstream?: string;
  /** How many tries were made. (services) */
  attempts?: number;
  /** How each of them ended, such as gpu-1:BACKEND_LOST,gpu-2:OK. (services) */
  tries?: string;
  /** Milliseconds spent waiting for backends. (services) */
  upstreamMs?: number;
  /** Level of the access line of a page whose status says too much or too little. (pages) */
  level?: "debug" | "info";
  /** HTTP status; undefined while the exchange has not ended. (door) */
  status: number | undefined;
  /** A call began: the access line waits for its end. (access log) */
  called: boolean;
  /** How the call ended. (access log) */
  outcome?: CallOutcome;
}

/** How a call ended. */
export interface CallOutcome {
  /** Service and method, such as polygate.v1.ChatService/Chat. */
  readonly procedure: string;
  /** Status code in gRPC's words, such as OK or NOT_FOUND. */
  readonly code: string;
  /** Reason of a failure. */
  readonly reason?: string;
  /** Level that the reason asks for. */
  readonly level: "info" | "warn" | "error";
  /** What went wrong, for the log only. */
  readonly error?: unknown;
}
