/** Why one try of a call went to its endpoint: the candidates, their scores, and which were excluded. */

import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import type { Exclusion } from "#pool/exclusion.ts";
import type { Scored } from "./strategies/score.ts";

/** What decided. `trial`: the call tests whether an endpoint has recovered. */
export type DecidedBy = "strategy" | "affinity" | "exploration" | "trial" | "only_one";

/** An endpoint that could be chosen. */
interface DecisionOption {
  readonly key: string;
  readonly model: string;
  readonly endpoint: EndpointState;
}

/** What is recorded when a decision is made. */
export interface DecisionFacts {
  /** The route that was asked. */
  readonly route: string;
  readonly by: DecidedBy;
  /** Key of the chosen endpoint. */
  readonly chosen: string;
  readonly options: readonly DecisionOption[];
  /** Computes the scores by key; absent where scores did not decide. */
  readonly scores: (() => readonly Scored[]) | undefined;
  readonly excluded: readonly Exclusion[];
}

/** An endpoint that could be chosen, as it is shown. */
export interface DecisionCandidate {
  readonly provider: string;
  readonly endpoint: string;
  readonly model: string;
  readonly scored: Scored | undefined;
}

/** A decision. Making one creates only this object; its details are computed when they are asked for. */
export class Decision {
  readonly route: string;
  readonly by: DecidedBy;
  readonly excluded: readonly Exclusion[];
  readonly #chosen: string;
  readonly #options: readonly DecisionOption[];
  readonly #scores: (() => readonly Scored[]) | undefined;
  #scored: ReadonlyMap<string, Scored> | undefined;

  constructor({ route, by, chosen, options, scores, excluded }: DecisionFacts) {
    this.route = route;
    this.by = by;
    this.excluded = excluded;
    this.#chosen = chosen;
    this.#options = options;
    this.#scores = scores;
  }

  /** How many endpoints it lists. */
  get size(): number {
    return this.#options.length + this.excluded.length;
  }

  /** The score of the chosen endpoint; undefined where scores did not decide. */
  get score(): number | undefined {
    return this.#scoreOf(this.#chosen)?.score;
  }

  /** The candidates, in the order of the settings. */
  candidates(): DecisionCandidate[] {
    return this.#options.map(({ key, model, endpoint: { provider, id: endpoint } }) => ({
      ...{ provider, endpoint, model },
      scored: this.#scoreOf(key),
    }));
  }

  #scoreOf(key: string): Scored | undefined {
    this.#scored ??= new Map(this.#scores?.().map((scored) => [scored.id, scored]));
    return this.#scored.get(key);
  }
}
