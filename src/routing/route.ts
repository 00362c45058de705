/** A route: where a call may go, one endpoint after the other. */

import type { ConnectError } from "@connectrpc/connect";
import type { Reason } from "#errors/reason.ts";
import type { Lease } from "#pool/lease.ts";
import type { Decision } from "./decision.ts";
import type { Survey } from "./survey.ts";

/** A claim on an endpoint for one try. */
export interface Choice<B> {
  readonly lease: Lease<B>;
  /** Name of the endpoint's pool. */
  readonly pool: string;
  /** The strategy that chose it. */
  readonly algorithm: string;
  /** The model to ask for, as the endpoint names it; empty leaves it to the endpoint. */
  readonly model: string;
  /** Why it is this one. */
  readonly decision: Decision;
}

/** One call's way through a route. */
export interface Walk<B> {
  /** How the try of an endpoint that this walk chose has failed. */
  failed(choice: Choice<B>, reason: Reason): void;
  /**
   * Claims the next endpoint that is fit and was not tried, whatever a try with other keys was.
   * `timeLeftMs` leaves out those that never answered within it. Undefined when none is left, or none
   * may do better after the last failure.
   */
  next(timeLeftMs?: number): Choice<B> | undefined;
  /** Claims, when `next` has none, an endpoint that is ejected or was tried, if a pause may have fixed it. */
  again(timeLeftMs?: number): Choice<B> | undefined;
  /** Milliseconds until `again` may find one; undefined when it will not. */
  waitMs(): number | undefined;
  /** Whether such a failure of a choice would lead to one that it does not lead to by itself: that of another step. */
  goesOn(choice: Choice<B>, reason: Reason): boolean;
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
  /** Silence after which a second endpoint is asked in addition to the first, in milliseconds; absent: never. */
  readonly hedgeMs?: number;
  /** Begins a call. */
  begin(): Walk<B>;
  /** Who comes into question now, without a call. */
  survey(): Survey;
}

/** What of a call its route may depend on. */
export interface RouteAsk {
  /** Calls with the same key stay on one endpoint where the route wants that. */
  readonly affinityKey?: string | undefined;
  /** The key by a source that the route names itself; undefined where the call has none. */
  readonly affinityOf?: ((source: string) => string | undefined) | undefined;
  /** Tokens that the call is likely to read and write. */
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** What endpoints must be able to do besides chat, such as embed; absent for a chat. */
  readonly needs?: string | undefined;
}

/** A share of calls, from 0 to 1, of which copies are sent elsewhere. */
export interface Mirror<B> {
  readonly node: RouteNode<B>;
  readonly share: number;
}

/** A node of a route tree. */
export interface RouteNode<B> {
  readonly name: string;
  /** Whether any of its endpoints, healthy or not, can do what the call needs. Only then it may be walked. */
  serves(ask: RouteAsk): boolean;
  /** Silence after which a second endpoint is asked, where the route of this node wants that. */
  readonly hedgeMs?: number;
  /** Where copies of its chats go, where the route of this node wants them. */
  readonly mirror?: Mirror<B>;
  walk(ask: RouteAsk): Walk<B>;
  /** Who comes into question for such a call now, without one. */
  survey(ask: RouteAsk): Survey;
}
