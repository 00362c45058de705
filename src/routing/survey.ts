/** Who comes into question for a call, without one. Types, and joining two of them. */

import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import type { Exclusion } from "#pool/exclusion.ts";

/** An endpoint with the model that it would be asked for. */
export interface SurveyOption {
  /** Unique within its step. */
  readonly key: string;
  readonly model: string;
  readonly endpoint: EndpointState;
}

/** What a route would choose from. */
export interface Survey {
  /** How it chooses. */
  readonly strategy: string;
  /** Each is asked when none of those before it is left. */
  readonly steps: readonly (readonly SurveyOption[])[];
  /** Who is out already. */
  readonly excluded: readonly Exclusion[];
}

/** Surveys of which each is asked when those before it have no one left. At least one. */
export function inTurn(surveys: readonly Survey[]): Survey {
  return {
    strategy: surveys[0]?.strategy ?? "",
    steps: surveys.flatMap(({ steps }) => steps),
    excluded: surveys.flatMap(({ excluded }) => excluded),
  };
}

/** Surveys one of which is asked, by chance: their first steps are one, and so on. */
export function sideBySide(surveys: readonly Survey[]): Survey {
  const depth = Math.max(0, ...surveys.map(({ steps }) => steps.length));
  const joined = inTurn(surveys);
  // The same endpoint may stand in several of them.
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
