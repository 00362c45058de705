/** A route: where a call may go, one endpoint after the other. */

import type { ConnectError } from "@connectrpc/connect";
import type { Reason } from "#errors/reason.ts";
import type { Lease } from "#pool/lease.ts";

/** A claim on an endpoint for one try. */
export interface Choice<B> {
  readonly lease: Lease<B>;
  /** Name of the endpoint's pool. */
  readonly pool: string;
  /** The strategy that chose it. */
  readonly algorithm: string;
  /** The model to ask for, as the endpoint names it; empty leaves it to the endpoint. */
  readonly model: string;
}

/** One call's way through a route. No endpoint is tried twice with the same model. */
export interface Walk<B> {
  /**
   * Claims the next endpoint. `failed` is why the last try failed, absent for the first one.
   * Undefined when none is left, or none may do better after such a failure.
   */
  next(failed?: Reason): Choice<B> | undefined;
  /** What a call fails with that found no endpoint at all. */
  empty(): ConnectError;
}

/** Where calls may go, and how often. */
export interface Route<B> {
  readonly name: string;
  /** Tries beyond the first. */
  readonly retryAttempts: number;
  /** Time for one try until its first message, in milliseconds; absent: the call's own time only. */
  readonly attemptTimeoutMs?: number;
  /** Begins a call. */
  begin(): Walk<B>;
}

/** What of a call its route may depend on. */
export interface RouteAsk {
  /** Calls with the same key stay on one endpoint where the route wants that. */
  readonly affinityKey?: string;
  /** Tokens that the call is likely to read and write. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** What endpoints must be able to do beside chat, such as embed; absent for a chat. */
  readonly needs?: string;
}

/** A node of a route tree. */
export interface RouteNode<B> {
  readonly name: string;
  /** Whether any of its endpoints, healthy or not, can do what the call needs. Only then it may be walked. */
  serves(ask: RouteAsk): boolean;
  walk(ask: RouteAsk): Walk<B>;
}
