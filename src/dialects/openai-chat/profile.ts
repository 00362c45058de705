/** How servers that speak OpenAI chat completions deviate from OpenAI. Data. */

import type { Target } from "#dialects/dialect.ts";

/** What a server takes and sends. */
export interface Profile {
  /** The name of the bound on tokens to write. */
  readonly outputBound: "max_completion_tokens" | "max_tokens";
  /** It takes tools of free text. */
  readonly customTools: boolean;
  /** It takes top_k. */
  readonly topK: boolean;
  /** It wants `reasoning_content` of earlier turns back. */
  readonly returnsReasoning: boolean;
  /** Its `completion_tokens` leave reasoning out. */
  readonly reasoningBeside: boolean;
}

const openai: Profile = {
  outputBound: "max_completion_tokens",
  customTools: true,
  topK: false,
  returnsReasoning: false,
  reasoningBeside: false,
};

const compatible: Profile = {
  ...openai,
  outputBound: "max_tokens",
  customTools: false,
  topK: true,
};

const profiles: Readonly<Record<string, Profile>> = {
  openai,
  xai: { ...openai, customTools: false, reasoningBeside: true },
  deepseek: { ...compatible, topK: false, returnsReasoning: true },
  "ollama-v1": compatible,
  compatible,
};

/** The profile of a target; OpenAI's own when it names none. */
export function profileOf({ profile }: Target): Profile {
  return profiles[profile ?? "openai"] ?? compatible;
}
