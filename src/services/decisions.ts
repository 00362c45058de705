/** Decisions and scores as messages of RoutingService. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { threeDigits } from "#core/three-digits.ts";
import type {
  ExcludedEndpointSchema,
  RoutingCandidateSchema,
  RoutingDecisionSchema,
  ScoreTermSchema,
} from "#gen/polygate/v1/routing_pb.js";
import { type Exclusion, exclusionText } from "#pool/exclusion.ts";
import type { AttemptStart } from "#routing/attempt.ts";
import type { DecisionCandidate } from "#routing/decision.ts";
import type { Scored } from "#routing/strategies/score.ts";

type Terms = Record<string, MessageInitShape<typeof ScoreTermSchema>>;

/** The terms of a score by name. */
export function termsOf({ terms }: Scored): Terms {
  return Object.fromEntries(
    Object.entries(terms).map(([name, { raw, score, weight }]) => [
      name,
      raw === undefined ? { score, weight } : { raw, score, weight },
    ]),
  );
}

/** An endpoint that could be chosen. */
export function candidateOf({
  scored,
  ...about
}: DecisionCandidate): MessageInitShape<typeof RoutingCandidateSchema> {
  if (scored === undefined) return about;
  return { ...about, score: scored.score, terms: termsOf(scored), bonus: scored.bonus };
}

/** An endpoint that was out. */
export function excludedOf(out: Exclusion): MessageInitShape<typeof ExcludedEndpointSchema> {
  const { provider, endpoint, model, reason } = out;
  return { provider, endpoint, model, reason, detail: exclusionText(out) };
}

/** A decision that was made at this time. */
export function decisionOf(
  { requestId, pool, endpoint, model, algorithm, attempt, decision }: AttemptStart,
  wallMs: number,
): MessageInitShape<typeof RoutingDecisionSchema> {
  const { score } = decision;
  return {
    time: timestampFromMs(Math.round(wallMs)),
    ...{ requestId, route: decision.route, strategy: algorithm, provider: pool, endpoint, model },
    ...(score === undefined ? {} : { score: threeDigits(score) }),
    ...{ attempt, decidedBy: decision.by },
    candidates: decision.candidates().map(candidateOf),
    excluded: decision.excluded.map(excludedOf),
  };
}
