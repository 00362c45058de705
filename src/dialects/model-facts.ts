/** What is known of a provider's model and decides how a request for it is written. Data. */

/** How hard a model can be asked to think, least first. */
export const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

/** One of them. */
export type Effort = (typeof efforts)[number];

/** Facts of a model. */
export interface ModelFacts {
  /** Greatest number of tokens that it writes. */
  readonly outputTokensMax: number;
  /** It takes temperature, top_p and top_k. */
  readonly sampling: boolean;
  /** It takes system turns in the middle of a conversation. */
  readonly midSystem: boolean;
  /** It goes on from a last turn of the assistant. */
  readonly prefill: boolean;
  /** It can be made to call a tool. */
  readonly forcedTools: boolean;
  readonly structuredOutputs: boolean;
  /** How its thinking is reported: as much as needed, by a budget, by a level, or not at all. */
  readonly thinking: "adaptive" | "manual" | "always" | "level" | "budget" | "none";
  readonly efforts: readonly Effort[];
  /** Where system turns may stand. */
  readonly systemPosition: "any" | "first";
  /** Its calls carry signatures that must come back. */
  readonly thoughtSignatures: boolean;
}

/** Facts of a model of which nothing else is known. */
export const defaultModelFacts: ModelFacts = {
  outputTokensMax: 8192,
  sampling: true,
  midSystem: false,
  prefill: false,
  forcedTools: true,
  structuredOutputs: true,
  thinking: "adaptive",
  efforts,
  systemPosition: "any",
  thoughtSignatures: false,
};

/** The effort of a model's scale that is nearest to the one asked for; of two, the lower one. */
export function nearestEffort(wanted: Effort, scale: readonly Effort[]): Effort | undefined {
  const rank = (effort: Effort) => efforts.indexOf(effort);
  let nearest: Effort | undefined;
  for (const effort of scale) {
    if (
      nearest === undefined ||
      Math.abs(rank(effort) - rank(wanted)) < Math.abs(rank(nearest) - rank(wanted))
    ) {
      nearest = effort;
    }
  }
  return nearest;
}
