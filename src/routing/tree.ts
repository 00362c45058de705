/** The nodes of a route tree that hold other nodes: fallback and split. */

import type { Rng } from "#core/rng.ts";
import type { Reason } from "#errors/reason.ts";
import type { Choice, Route, RouteAsk, RouteNode, Walk } from "./route.ts";

/** Classes of failures that a fallback may be limited to. */
export const failureClasses = [
  "overload",
  "time_out",
  "context_window",
  "credential",
  "failure",
] as const;

/** One of them. */
export type FailureClass = (typeof failureClasses)[number];

const classOf: Partial<Record<Reason, FailureClass>> = {
  OVERLOADED: "overload",
  BACKEND_OVERLOADED: "overload",
  BACKEND_RATE_LIMITED: "overload",
  BACKEND_QUOTA: "credential",
  BACKEND_CREDENTIAL: "credential",
  BACKEND_TIMEOUT: "time_out",
  BACKEND_CONNECT_TIMEOUT: "time_out",
  BACKEND_FIRST_TOKEN_TIMEOUT: "time_out",
  BACKEND_IDLE_TIMEOUT: "time_out",
  CONTEXT_WINDOW_EXCEEDED: "context_window",
  BACKEND_FAILED: "failure",
  BACKEND_LOST: "failure",
  BACKEND_MALFORMED: "failure",
  OPERATION_UNSUPPORTED: "failure",
};

/** Goes on to the next child when the one before has no endpoint left that may do better. */
export class FallbackNode<B> implements RouteNode<B> {
  readonly name: string;
  readonly #children: readonly RouteNode<B>[];
  /** Failures after which the next child is asked; all of the classes when absent. */
  readonly #on: ReadonlySet<FailureClass> | undefined;

  constructor(name: string, children: readonly RouteNode<B>[], on?: readonly FailureClass[]) {
    this.name = name;
    this.#children = children;
    this.#on = on === undefined ? undefined : new Set(on);
  }

  /** Whether a failure lets a call go on to the next child. */
  goesOn(failed: Reason): boolean {
    const failure = classOf[failed];
    return failure !== undefined && (this.#on === undefined || this.#on.has(failure));
  }

  serves(ask: RouteAsk): boolean {
    return this.#children.some((child) => child.serves(ask));
  }

  walk(ask: RouteAsk): Walk<B> {
    const walks = this.#children
      .filter((child) => child.serves(ask))
      .map((child) => child.walk(ask));
    let at = 0;
    const advance = (failed: Reason | undefined): Choice<B> | undefined => {
      const choice = walks[at]?.next(failed);
      if (choice !== undefined) return choice;
      // A child without an endpoint is passed over, whatever the classes.
      if (at + 1 >= walks.length || (failed !== undefined && !this.goesOn(failed)))
        return undefined;
      at += 1;
      return advance(undefined);
    };
    return {
      next: advance,
      empty: () => (walks[at] ?? (walks[0] as Walk<B>)).empty(),
    };
  }
}

/** A child and its share. */
export interface Share<B> {
  readonly node: RouteNode<B>;
  readonly weight: number;
}

/** Gives each call to one of the children that can serve it, by weight; the call stays there. */
export class SplitNode<B> implements RouteNode<B> {
  readonly name: string;
  readonly #shares: readonly Share<B>[];
  readonly #rng: Rng;

  constructor(name: string, shares: readonly Share<B>[], rng: Rng) {
    this.name = name;
    this.#shares = shares;
    this.#rng = rng;
  }

  serves(ask: RouteAsk): boolean {
    return this.#shares.some(({ node }) => node.serves(ask));
  }

  walk(ask: RouteAsk): Walk<B> {
    const shares = this.#shares.filter(({ node }) => node.serves(ask));
    const sum = shares.reduce((total, { weight }) => total + weight, 0);
    let rest = this.#rng.next() * sum;
    for (const { node, weight } of shares) {
      rest -= weight;
      if (rest < 0) return node.walk(ask);
    }
    return (shares.at(-1) as Share<B>).node.walk(ask);
  }
}

/** A route of a tree for one call. */
export function treeRoute<B>(node: RouteNode<B>, ask: RouteAsk, retryAttempts: number): Route<B> {
  return { name: node.name, retryAttempts, begin: () => node.walk(ask) };
}
