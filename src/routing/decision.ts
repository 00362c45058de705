/** Why one try of a call went where it did: who could be chosen, by what score, and who was out. */

import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import type { Exclusion } from "#pool/exclusion.ts";
import type { Scored } from "./strategies/score.ts";

/** What decided. `trial`: a call tests whether an endpoint has recovered. */
export type DecidedBy = "strategy" | "affinity" | "exploration" | "trial" | "only_one";

/** An endpoint that could be chosen. */
interface DecisionOption {
  readonly key: string;
  readonly model: string;
  readonly endpoint: EndpointState;
}

/** What a decision is made of. */
export interface DecisionFacts {
  /** The route that was asked. */
  readonly route: string;
  readonly by: DecidedBy;
  /** Key of the one that was chosen. */
  readonly chosen: string;
  readonly options: readonly DecisionOption[];
  /** Makes the scores by key, where they decided. */
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

/** A decision. It costs its call nothing but this object: what is shown of it is made when asked for. */
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

  /** Of how many endpoints it speaks. */
  get size(): number {
    return this.#options.length + this.excluded.length;
  }

  /** The score of the chosen one; undefined where nothing was scored. */
  get score(): number | undefined {
    return this.#scoreOf(this.#chosen)?.score;
  }

  /** Those that could be chosen, in the order of the settings. */
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
