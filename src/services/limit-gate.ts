/** Tokens and money of one call: taken before each try by what it may use, corrected at its end by what it used. */

import type { ConnectError } from "@connectrpc/connect";
import { expectedCost, type Price } from "#chat/price.ts";
import type { Clock } from "#core/clock.ts";
import { refusalFault, writeStandings, writeWarnings } from "#interceptors/limit-words.ts";
import { microsPerUsd } from "#limits/budget.ts";
import type { CallLimits, Pass, Refusal, Use } from "#limits/call-limits.ts";
import type { AttemptReport } from "#routing/attempt.ts";
import type { Gate, GateExit } from "#routing/dispatch.ts";

/** Tokens of a call, before it is made or as far as it got. */
export interface CallTokens {
  readonly prompt: number;
  readonly output: number;
}

/** What a gate knows of its call. */
export interface LimitGateFacts {
  readonly limits: CallLimits;
  readonly clock: Pick<Clock, "wallMs">;
  /** What it may use. */
  readonly expected: CallTokens;
  readonly header: Headers;
  readonly surface: string | undefined;
  priceOf(pool: string, model: string): Price | undefined;
  /** What a try that has ended used; undefined where nobody can say. */
  usedBy(report: AttemptReport): LimitUse | undefined;
}

/** What a try used: tokens that were counted and their price, or tokens as far as it got. */
export type LimitUse = { readonly tokens: number; readonly usd: number } | CallTokens;

const nothing: LimitUse = { tokens: 0, usd: 0 };

/** Lets tries of one call through as long as its limits, and those of model and provider, allow it. */
export class LimitGate implements Gate {
  readonly #facts: LimitGateFacts;
  /** The refusal of the model or provider that may be asked soonest. */
  #refused: Refusal | undefined;

  constructor(facts: LimitGateFacts) {
    this.#facts = facts;
  }

  enter(pool: string, model: string): GateExit | undefined | Promise<GateExit | undefined> {
    const { limits, expected } = this.#facts;
    const outcome = limits.enter({ provider: pool, model }, this.#useOf(expected, pool, model));
    return outcome instanceof Promise
      ? outcome.then((late) => this.#exitOf(late))
      : this.#exitOf(outcome);
  }

  refusal(): ConnectError | undefined {
    if (this.#refused === undefined) return undefined;
    this.#giveBack();
    return this.#fault(this.#refused);
  }

  /** Throws RATE_LIMITED for a limit that holds wherever the call goes. */
  #exitOf(outcome: Pass | Refusal): GateExit | undefined {
    const { header, usedBy } = this.#facts;
    if (outcome.kind === "granted") {
      writeStandings({ tokens: outcome.tokens }, { ...this.#place(), header });
      writeWarnings(outcome.warnings, header);
      return (report) => {
        const used = usedBy(report);
        outcome.ended(used && this.#useOf(used, report.pool, report.model));
      };
    }
    if (!outcome.isTarget) {
      this.#giveBack();
      throw this.#fault(outcome);
    }
    const before = this.#refused;
    if (before === undefined || waitOf(outcome) < waitOf(before)) this.#refused = outcome;
    return undefined;
  }

  /** A try that is refused after another ends the call with what that one failed with: it is not refused. */
  #giveBack(): void {
    const { limits } = this.#facts;
    if (!limits.hasEntered) limits.giveBack();
  }

  #useOf(used: LimitUse, pool: string, model: string): Use {
    if ("usd" in used) return { tokens: used.tokens, microUsd: used.usd * microsPerUsd };
    const { prompt, output } = used;
    const price = this.#facts.priceOf(pool, model);
    const usd = price === undefined ? 0 : expectedCost(prompt, output, price);
    return { tokens: prompt + output, microUsd: usd * microsPerUsd };
  }

  #place() {
    const { surface, clock } = this.#facts;
    return { surface, wallMs: clock.wallMs() };
  }

  #fault(refusal: Refusal): ConnectError {
    return refusalFault(refusal, this.#place());
  }
}

/** How long a refusal lasts; a full number of calls may end at any moment. */
function waitOf(refusal: Refusal): number {
  return refusal.kind === "bucket" ? refusal.waitMs : 0;
}

/** What a try used, by how it ended. */
export function limitUseOf(
  { outcome, firstMs, cost, isOutrun }: AttemptReport,
  facts: {
    /** Tokens that the whole response counted; undefined where it is not whole or counts none. */
    readonly counted: number | undefined;
    /** What was seen of it: the prompt, and what came until it was cut. */
    readonly seen: CallTokens;
  },
): LimitUse | undefined {
  const { counted, seen } = facts;
  if (isOutrun === true) return nothing;
  // Where nobody counts, what was expected holds.
  if (outcome === "OK") return counted === undefined ? undefined : { tokens: counted, usd: cost };
  if (firstMs !== undefined) return seen;
  // Who leaves while it is worked at has had that work done; what fails costs nothing.
  const isLeft = outcome === "CANCELLED" || outcome === "DEADLINE_EXCEEDED";
  return isLeft ? { prompt: seen.prompt, output: 0 } : nothing;
}
