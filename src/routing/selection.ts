/** A dry run: the endpoint that a call would go to by score, the next best ones, and which are excluded. Pure. */

import type { Exclusion } from "#pool/exclusion.ts";
import type { Scored } from "./strategies/score.ts";
import { type ScoreWishes, scored } from "./strategies/scored.ts";
import type { Survey, SurveyOption } from "./survey.ts";

/** The wishes for the choice. */
export interface SelectionWishes extends ScoreWishes {
  readonly latencyMsMax?: number | undefined;
  /** US dollars per token. */
  readonly tokenCostMax?: number | undefined;
  /** Tokens of the call: its price is divided by them. */
  readonly tokens: number;
}

/** An endpoint that may be chosen. */
export interface RankedOption extends SurveyOption {
  readonly scored: Scored;
}

/** The result of a dry run. */
export interface Selection {
  /** Best first; all endpoints of one step come before those of the next. */
  readonly ranked: readonly RankedOption[];
  readonly excluded: readonly Exclusion[];
}

/** Why an endpoint is excluded; undefined when it is not. */
function exclusionOf(option: SurveyOption, wishes: SelectionWishes): Exclusion | undefined {
  const { model, endpoint } = option;
  const { provider, id, fitness, restMs, latencyMs, cost } = endpoint;
  const { latencyMsMax, tokenCostMax, tokens } = wishes;
  const about = { provider, endpoint: id, model };
  if (fitness === "ejected") return { ...about, reason: "breaker_open" };
  if (fitness === "resting") return { ...about, reason: "resting", value: restMs };
  if (latencyMsMax !== undefined && latencyMs !== undefined && latencyMs > latencyMsMax)
    return { ...about, reason: "max_latency", value: latencyMs, limit: latencyMsMax };
  if (tokenCostMax !== undefined && cost !== undefined && cost / tokens > tokenCostMax)
    return { ...about, reason: "max_cost", value: cost / tokens, limit: tokenCostMax };
  return undefined;
}

/** Ranks the candidates of a survey that meet the wishes. */
export function select({ steps, excluded }: Survey, wishes: SelectionWishes): Selection {
  const out = [...excluded];
  const ranked = steps.flatMap((step) => {
    const left = step.filter((option) => {
      const exclusion = exclusionOf(option, wishes);
      if (exclusion !== undefined) out.push(exclusion);
      return exclusion === undefined;
    });
    const byKey = new Map(left.map((option) => [option.key, option]));
    // Told apart by key, because one endpoint may serve several models.
    const endpoints = left.map(({ key, endpoint }) => ({ ...endpoint, id: key }));
    return scored(endpoints, wishes).map((score) => ({
      ...(byKey.get(score.id) as SurveyOption),
      scored: score,
    }));
  });
  return { ranked, excluded: out };
}
