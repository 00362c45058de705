/** The nodes of a route tree that hold other nodes: fallback, split, and what a route has besides. */

import type { ConnectError } from "@connectrpc/connect";
import type { Rng } from "#core/rng.ts";
import { type FailureClass, failureClassOf } from "#errors/failure-class.ts";
import type { Reason } from "#errors/reason.ts";
import type { PlaceQueue } from "#pool/place-queue.ts";
import type { Choice, Drain, Mirror, Route, RouteAsk, RouteNode, Walk } from "./route.ts";
import { inTurn, type Survey, sideBySide } from "./survey.ts";

/** Failure classes that a fallback may be limited to. A client's own mistake fails everywhere, so it is none of them. */
export const fallbackClasses = [
  "overload",
  "quota",
  "time_out",
  "connect",
  "failure",
  "credential",
  "context_window",
  "content_policy",
] as const satisfies readonly FailureClass[];

/** One of them. */
export type FallbackClass = (typeof fallbackClasses)[number];

/** A step of a fallback. */
export interface FallbackStep<B> {
  readonly node: RouteNode<B>;
  /** Failure classes after which it is asked; those of the fallback when absent. */
  readonly on?: readonly FallbackClass[];
}

/** Whether `on` contains the class of a failure. `failure` includes lost connections, and servers or dialects that cannot do what was asked. */
function includes(on: readonly FallbackClass[], failure: FailureClass): boolean {
  const isAnyFailure = failure === "connect" || failure === "unsupported";
  return on.some((wanted) => wanted === failure) || (isAnyFailure && on.includes("failure"));
}

/**
 * The default: everything but the client's own mistakes, and refusals of the content, which are
 * responses rather than failures.
 */
const usual = fallbackClasses.filter((failure) => failure !== "content_policy");
/** Failures that the request causes, although the endpoint is healthy. */
const ofRequest: readonly FallbackClass[] = ["context_window", "content_policy"];

/** Goes on to the next step when the current one has no endpoint left that may succeed. */
export class FallbackNode<B> implements RouteNode<B> {
  readonly name: string;
  readonly hedgeMs?: number;
  readonly #steps: readonly FallbackStep<B>[];
  readonly #on: readonly FallbackClass[] | undefined;

  /** `on`: failure classes after which the next step is asked; a step may name its own. */
  constructor(
    name: string,
    steps: readonly FallbackStep<B>[],
    { on, hedgeMs }: { readonly on?: readonly FallbackClass[]; readonly hedgeMs?: number } = {},
  ) {
    this.name = name;
    this.#steps = steps;
    this.#on = on;
    if (hedgeMs !== undefined) this.hedgeMs = hedgeMs;
  }

  /**
   * Whether a step is asked after a failure of the steps before it. Undefined failure: they had no
   * endpoint at all; then every step is asked, except one that is only for refused requests.
   */
  admits(step: number, failed: Reason | undefined): boolean {
    const own = this.#steps[step]?.on;
    if (failed === undefined) return own?.every((wanted) => ofRequest.includes(wanted)) !== true;
    return includes(own ?? this.#on ?? usual, failureClassOf(failed));
  }

  serves(ask: RouteAsk): boolean {
    return this.#steps.some(
      ({ node }, step) => (step === 0 || this.admits(step, undefined)) && node.serves(ask),
    );
  }

  walk(ask: RouteAsk): Walk<B> {
    return new FallbackWalk(
      this,
      this.#steps.map(({ node }) => (node.serves(ask) ? node.walk(ask) : undefined)),
    );
  }

  survey(ask: RouteAsk): Survey {
    const able = this.#steps.filter(({ node }) => node.serves(ask));
    return inTurn(able.map(({ node }) => node.survey(ask)));
  }
}

/** One call's walk through a fallback. */
class FallbackWalk<B> implements Walk<B> {
  readonly #node: FallbackNode<B>;
  /** One walk per step; undefined for steps that cannot do what the call needs. */
  readonly #walks: readonly (Walk<B> | undefined)[];
  readonly #steps = new Map<Choice<B>, number>();
  /** Steps that were asked, whether or not they had an endpoint. */
  readonly #entered = new Set<number>([0]);
  /** The step of the last failure. */
  #at = 0;
  #failed: Reason | undefined;

  constructor(node: FallbackNode<B>, walks: readonly (Walk<B> | undefined)[]) {
    this.#node = node;
    this.#walks = walks;
  }

  failed(choice: Choice<B>, reason: Reason): void {
    const step = this.#steps.get(choice);
    if (step === undefined) return;
    this.#walks[step]?.failed(choice, reason);
    this.#at = step;
    this.#failed = reason;
  }

  next(timeLeftMs?: number): Choice<B> | undefined {
    for (let step = this.#at; step < this.#walks.length; step += 1) {
      if (step > this.#at && !this.#node.admits(step, this.#failed)) continue;
      this.#entered.add(step);
      const choice = this.#taken(step, this.#walks[step]?.next(timeLeftMs));
      if (choice !== undefined) return choice;
    }
    return undefined;
  }

  again(timeLeftMs?: number): Choice<B> | undefined {
    for (const step of this.#entered) {
      const choice = this.#taken(step, this.#walks[step]?.again(timeLeftMs));
      if (choice !== undefined) return choice;
    }
    return undefined;
  }

  waitMs(): number | undefined {
    const waits = [...this.#entered].flatMap((step) => this.#walks[step]?.waitMs() ?? []);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  queues(): readonly PlaceQueue[] {
    return [...new Set([...this.#entered].flatMap((step) => this.#walks[step]?.queues() ?? []))];
  }

  accepts(pool: string, endpoint: string): boolean {
    return [...this.#entered].some((step) => this.#walks[step]?.accepts(pool, endpoint) === true);
  }

  goesOn(choice: Choice<B>, reason: Reason): boolean {
    const at = this.#steps.get(choice);
    if (at === undefined) return false;
    if (this.#walks[at]?.goesOn(choice, reason) === true) return true;
    return this.#walks.some(
      (walk, step) => step > at && walk !== undefined && this.#node.admits(step, reason),
    );
  }

  empty(): ConnectError {
    const walk = this.#walks[this.#at] ?? this.#walks.find((one) => one !== undefined);
    return (walk as Walk<B>).empty();
  }

  #taken(step: number, choice: Choice<B> | undefined): Choice<B> | undefined {
    if (choice !== undefined) this.#steps.set(choice, step);
    return choice;
  }
}

/** A child node and its weight. */
export interface Share<B> {
  readonly node: RouteNode<B>;
  readonly weight: number;
}

/** Sends each call to one of the children that can serve it, by weight; its retries stay there. */
export class SplitNode<B> implements RouteNode<B> {
  readonly name: string;
  readonly hedgeMs?: number;
  readonly #shares: readonly Share<B>[];
  readonly #rng: Rng;

  constructor(name: string, shares: readonly Share<B>[], rng: Rng, hedgeMs?: number) {
    this.name = name;
    this.#shares = shares;
    this.#rng = rng;
    if (hedgeMs !== undefined) this.hedgeMs = hedgeMs;
  }

  serves(ask: RouteAsk): boolean {
    return this.#shares.some(({ node }) => node.serves(ask));
  }

  #able(ask: RouteAsk): readonly Share<B>[] {
    return this.#shares.filter(({ node }) => node.serves(ask));
  }

  walk(ask: RouteAsk): Walk<B> {
    const shares = this.#able(ask);
    const sum = shares.reduce((total, { weight }) => total + weight, 0);
    let rest = this.#rng.next() * sum;
    for (const { node, weight } of shares) {
      rest -= weight;
      if (rest < 0) return node.walk(ask);
    }
    return (shares.at(-1) as Share<B>).node.walk(ask);
  }

  survey(ask: RouteAsk): Survey {
    return sideBySide(this.#able(ask).map(({ node }) => node.survey(ask)));
  }
}

/** What only the route that a call names has, and no route within it. */
export interface OuterTerms<B> {
  readonly mirror?: Mirror<B>;
  readonly drain?: Drain;
}

/** A node with terms of a whole route; calls go where the node itself sends them. */
export class OuterNode<B> implements RouteNode<B> {
  readonly mirror?: Mirror<B>;
  readonly drain?: Drain;
  readonly hedgeMs?: number;
  readonly #node: RouteNode<B>;

  constructor(node: RouteNode<B>, { mirror, drain }: OuterTerms<B>) {
    this.#node = node;
    if (mirror !== undefined) this.mirror = mirror;
    if (drain !== undefined) this.drain = drain;
    if (node.hedgeMs !== undefined) this.hedgeMs = node.hedgeMs;
  }

  get name(): string {
    return this.#node.name;
  }

  serves(ask: RouteAsk): boolean {
    return this.#node.serves(ask);
  }

  walk(ask: RouteAsk): Walk<B> {
    return this.#node.walk(ask);
  }

  survey(ask: RouteAsk): Survey {
    return this.#node.survey(ask);
  }
}

/** What holds for every call, whatever its route. */
export interface TreeRouteTerms {
  readonly retryAttempts: number;
  readonly attemptTimeoutMs?: number;
}

/** A route of a tree for one call. */
export function treeRoute<B>(node: RouteNode<B>, ask: RouteAsk, terms: TreeRouteTerms): Route<B> {
  const { name, hedgeMs } = node;
  const route = {
    ...terms,
    name,
    begin: () => node.walk(ask),
    survey: () => node.survey(ask),
  };
  return hedgeMs === undefined ? route : { ...route, hedgeMs };
}

/** The route of a copy: one try only, because no client waits for it. */
export function copyRoute<B>(node: RouteNode<B>, ask: RouteAsk): Route<B> {
  return {
    name: node.name,
    retryAttempts: 0,
    begin: () => node.walk(ask),
    survey: () => node.survey(ask),
  };
}
