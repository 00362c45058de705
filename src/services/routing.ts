/** RoutingService: where a chat would go and why, reported load, and the decisions that were made. */

import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatCatalog } from "#catalog/chat-catalog.ts";
import { fault } from "#errors/fault.ts";
import type {
  DecisionFilter,
  RoutingService,
  SelectProviderRequest,
} from "#gen/polygate/v1/routing_pb.js";
import type { Exclusion } from "#pool/exclusion.ts";
import type { DecisionLog, LoggedDecision } from "#routing/decision-log.ts";
import { type RankedOption, type SelectionWishes, select } from "#routing/selection.ts";
import { scoreTerms } from "#routing/strategies/score.ts";
import type { ScoreWishes, Weights } from "#routing/strategies/scored.ts";
import { allowedModels } from "./allowed-models.ts";
import type { KnownPool } from "./backends.ts";
import { candidateOf, decisionOf, excludedOf, termsOf } from "./decisions.ts";
import { pageOf } from "./page-token.ts";
import { Watches, type WatchesOptions } from "./watches.ts";

/** What RoutingService needs. */
export interface RoutingDeps extends WatchesOptions {
  readonly catalog: ChatCatalog;
  readonly decisions: DecisionLog;
  /** Pools by the names that reports use. */
  readonly pools: readonly KnownPool[];
}

/** Tokens that a chat is taken to read, and to write where no one bounds it. */
const promptTokens = 1_000;
const outputTokensDefault = 512;
const alternativesMax = 3;
/** Excluded endpoints that a selection lists. */
const excludedMax = 100;
const pageSizeDefault = 100;

function isMeant(
  { start: { pool, requestId, decision } }: LoggedDecision,
  filter: DecisionFilter | undefined,
): boolean {
  if (filter === undefined) return true;
  const { provider, route } = filter;
  return (
    (provider === "" || provider === pool) &&
    (route === "" || route === decision.route) &&
    (filter.requestId === "" || filter.requestId === requestId)
  );
}

/** The weights of the settings with those that are given in their place, for every provider. */
function withWeights(wishes: ScoreWishes, given: Partial<Weights>): ScoreWishes {
  const own = wishes.weightsByProvider ?? new Map<string, Partial<Weights>>();
  return {
    weights: { ...wishes.weights, ...given },
    weightsByProvider: new Map([...own].map(([name, weights]) => [name, { ...weights, ...given }])),
  };
}

function wishesOf(request: SelectProviderRequest, settings: ScoreWishes): SelectionWishes {
  const { preferredProvider, maxLatency, maxCost, weights, maxTokens } = request;
  const given: { -readonly [T in keyof Weights]?: number } = {};
  for (const term of scoreTerms) {
    const weight = weights?.[term];
    if (weight !== undefined) given[term] = weight;
  }
  return {
    ...withWeights(settings, given),
    ...(preferredProvider === "" ? {} : { preferredProvider }),
    latencyMsMax: maxLatency,
    tokenCostMax: maxCost,
    tokens: promptTokens + (maxTokens ?? outputTokensDefault),
  };
}

/** Why it is this one, in words. */
function reasonOf({ scored }: RankedOption, strategy: string, count: number): string {
  if (count === 1) return "it is the only one that is left";
  const strongest = scoreTerms.toSorted(
    (one, other) =>
      scored.terms[other].score * scored.terms[other].weight -
      scored.terms[one].score * scored.terms[one].weight,
  );
  const told = strongest
    .slice(0, 2)
    .map((term) => `${term} ${scored.terms[term].score.toFixed(2)}`)
    .join(" and ");
  const bonus = scored.bonus > 0 ? ", as the preferred provider" : "";
  const how = strategy === "scored" ? "" : `; calls go by ${strategy}`;
  return `the best score of ${count}, most of it for ${told}${bonus}${how}`;
}

function candidate(option: RankedOption) {
  const { model, scored } = option;
  const { provider, id: endpoint } = option.endpoint;
  return candidateOf({ provider, endpoint, model, scored });
}

const loggedOf = ({ start, wallMs, sequence }: LoggedDecision) => ({
  ...decisionOf(start, wallMs),
  sequence,
});

/** Whether there are endpoints, and nothing but the bounds that were asked for is in the way of them. */
function isCallersDoing(excluded: readonly Exclusion[]): boolean {
  const isBound = ({ reason }: Exclusion) => reason === "max_latency" || reason === "max_cost";
  return excluded.length > 0 && excluded.every(isBound);
}

/** The service over the catalog of chat routes. */
export function createRoutingService(deps: RoutingDeps): ServiceImpl<typeof RoutingService> {
  const { catalog, decisions, pools } = deps;
  const watches = new Watches(deps);
  return {
    selectProvider(request, { values }) {
      const { model, modelType, preferredProvider, maxTokens } = request;
      const outputTokens = maxTokens ?? outputTokensDefault;
      const ask = { promptTokens, outputTokens, allows: allowedModels(values) };
      const survey = catalog.survey({
        ...{ model, preferredProvider, ask },
        modelType: modelType === "" ? "chat" : modelType,
      });
      const { ranked, excluded } = select(survey, wishesOf(request, catalog.wishes));
      const [best, ...others] = ranked;
      const out = excluded.slice(0, excludedMax).map(excludedOf);
      if (best === undefined) {
        const why = out.map(({ provider, reason }) => `${provider}: ${reason}`).join(", ");
        const message = `no provider may be asked${why === "" ? "" : ` (${why})`}`;
        throw fault(isCallersDoing(excluded) ? "FAILED_PRECONDITION" : "POOL_EMPTY", message);
      }
      const { scored } = best;
      return {
        provider: best.endpoint.provider,
        endpoint: best.endpoint.id,
        model: best.model,
        score: scored.score,
        reason: reasonOf(best, survey.strategy, ranked.length),
        alternatives: others.slice(0, alternativesMax).map(candidate),
        terms: termsOf(scored),
        excluded: out,
        strategy: survey.strategy,
        bonus: scored.bonus,
      };
    },
    adjustLoad({ provider, action }) {
      const pool = pools.find((known) => known.pool.name === provider)?.pool;
      if (pool === undefined) {
        const description = "there is no such provider";
        throw fault("NOT_FOUND", `provider: ${description}`, {
          fields: [{ field: "provider", description }],
        });
      }
      const reported = pool.report(action === "increment" ? 1 : -1);
      const inFlight = pool.snapshot().reduce((sum, member) => sum + member.inFlight, 0);
      return { provider, reported, inFlight };
    },
    listDecisions({ filter, pageSize: size = pageSizeDefault, pageToken: token }) {
      const { items, nextPageToken } = pageOf(decisions.ring.newestFirst(), {
        ...{ token, size },
        wants: (logged) => isMeant(logged, filter),
      });
      return { decisions: items.map(loggedOf), nextPageToken };
    },
    async *watchDecisions({ filter }, context) {
      const wants = (logged: LoggedDecision) => isMeant(logged, filter);
      for await (const { item, missed } of watches.of(decisions.feed, wants, context)) {
        yield item === undefined ? { missed } : { decision: loggedOf(item), missed };
      }
    },
  };
}
