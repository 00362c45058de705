/** A survey: the candidates that a call would have, without making one. Types, and how surveys are combined. */

import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import type { Exclusion } from "#pool/exclusion.ts";

/** An endpoint with the model that it would be asked for. */
export interface SurveyOption {
  /** Unique within its step. */
  readonly key: string;
  readonly model: string;
  readonly endpoint: EndpointState;
}

/** The candidates of a route. */
export interface Survey {
  /** The strategy that chooses. */
  readonly strategy: string;
  /** The steps in order: each is used when the one before has no candidate left. */
  readonly steps: readonly (readonly SurveyOption[])[];
  /** The excluded endpoints. */
  readonly excluded: readonly Exclusion[];
}

/** The survey of a fallback: the steps of all surveys in order. At least one. */
export function inTurn(surveys: readonly Survey[]): Survey {
  return {
    strategy: surveys[0]?.strategy ?? "",
    steps: surveys.flatMap(({ steps }) => steps),
    excluded: surveys.flatMap(({ excluded }) => excluded),
  };
}

/** The survey of a split: the first steps of all surveys become one step, and so on. */
export function sideBySide(surveys: readonly Survey[]): Survey {
  const depth = Math.max(0, ...surveys.map(({ steps }) => steps.length));
  const joined = inTurn(surveys);
  // The same endpoint may be in several of them.
  const prefixed = (option: SurveyOption, index: number) => ({
    ...option,
    key: `${index} ${option.key}`,
  });
  const steps = Array.from({ length: depth }, (_, step) =>
    surveys.flatMap(({ steps: own }, index) =>
      (own[step] ?? []).map((option) => prefixed(option, index)),
    ),
  );
  return { ...joined, steps };
}
