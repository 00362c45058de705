/** A route: the endpoints that a call may try, one after the other. */

import type { ConnectError } from "@connectrpc/connect";
import type { Places } from "#core/places.ts";
import type { Reason } from "#errors/reason.ts";
import type { Lease } from "#pool/lease.ts";
import type { PlaceQueue } from "#pool/place-queue.ts";
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

/** One call's walk through a route. */
export interface Walk<B> {
  /** Reports how the try of a choice of this walk failed. */
  failed(choice: Choice<B>, reason: Reason): void;
  /**
   * Claims the next available endpoint that was not tried; one that refused a key may be tried again
   * with another. `timeLeftMs` leaves out endpoints that never answered within it. Undefined when none
   * is left, or when the last failure would be the same at all of them.
   */
  next(timeLeftMs?: number): Choice<B> | undefined;
  /** When `next` has none: claims an endpoint that was tried or is ejected, if it may have recovered. */
  again(timeLeftMs?: number): Choice<B> | undefined;
  /** Milliseconds until `again` may find one; undefined when it never will. */
  waitMs(): number | undefined;
  /** Queues of the pools that have an endpoint for it once that has a place. */
  queues(): readonly PlaceQueue[];
  /** Whether a place at this endpoint of a pool would be of use. */
  accepts(pool: string, endpoint: string): boolean;
  /** Whether this failure of a choice would make the walk go on to another step of the route. */
  goesOn(choice: Choice<B>, reason: Reason): boolean;
  /** The error of a call for which there is no endpoint at all. */
  empty(): ConnectError;
}

/** Where calls may go, and how many tries each has. */
export interface Route<B> {
  readonly name: string;
  /** Tries beyond the first. */
  readonly retryAttempts: number;
  /** Milliseconds that one try has until its first message; absent: only the call's own deadline applies. */
  readonly attemptTimeoutMs?: number;
  /** Milliseconds without a response after which a second endpoint is asked as well; absent: never. */
  readonly hedgeMs?: number;
  /** Begins a call. */
  begin(): Walk<B>;
  /** The candidates at this moment, without starting a call. */
  survey(): Survey;
}

/** The facts of a call that its route may depend on. */
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

/** Calls of a route go on for a while when their clients have left, so that what they cost is known. */
export interface Drain {
  /** How long each of them may. */
  readonly timeMs: number;
  /** How many may at one time. */
  readonly places: Places;
}

/** A node of a route tree. */
export interface RouteNode<B> {
  readonly name: string;
  /** Whether any of its endpoints, healthy or not, can do what the call needs. Only then `begin` may be called. */
  serves(ask: RouteAsk): boolean;
  /** Milliseconds without a response after which a second endpoint is asked; absent where the route has no hedge. */
  readonly hedgeMs?: number;
  /** Where copies of its chats go; absent where the route has no mirror. */
  readonly mirror?: Mirror<B>;
  /** Which of its calls go on when their clients have left; absent: none. */
  readonly drain?: Drain;
  walk(ask: RouteAsk): Walk<B>;
  /** The candidates for such a call at this moment, without starting one. */
  survey(ask: RouteAsk): Survey;
}
