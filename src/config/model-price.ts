/** What a model costs, as the file has it. */

import { z } from "zod";
import type { Price } from "#chat/price.ts";
import { numberBetween, wholeNumber } from "#yaml/scalar.ts";

const dollars = () => numberBetween(0, 1_000_000);

/** Prices by kind of token; a kind that is absent costs what its kind in general does. */
const kinds = {
  input: dollars().describe("US dollars per million tokens read."),
  output: dollars().describe("US dollars per million tokens written."),
  cache_read: dollars()
    .optional()
    .describe("US dollars per million tokens read from the provider's cache."),
  cache_write: dollars()
    .optional()
    .describe("US dollars per million tokens written to the provider's cache."),
  cache_write_long: dollars()
    .optional()
    .describe("The same of tokens that the cache keeps for an hour or longer."),
  audio_input: dollars().optional().describe("US dollars per million tokens of audio read."),
  audio_output: dollars().optional().describe("US dollars per million tokens of audio written."),
};

/** Prices of one model. */
export const modelPrice = z.strictObject({
  ...kinds,
  above: z
    .strictObject({
      prompt_tokens: wholeNumber(1, 100_000_000).describe(
        "Tokens read of which a call has to have more.",
      ),
      ...kinds,
    })
    .optional()
    .describe("Prices of all tokens of a call that reads many."),
});

/** Prices of a model as the file has them. */
export type FilePrice = z.output<typeof modelPrice>;

function kindsOf({ input, output, ...rest }: Omit<FilePrice, "above">): Omit<Price, "above"> {
  const { cache_read, cache_write, cache_write_long, audio_input, audio_output } = rest;
  return {
    input,
    output,
    ...(cache_read === undefined ? {} : { cacheRead: cache_read }),
    ...(cache_write === undefined ? {} : { cacheWrite: cache_write }),
    ...(cache_write_long === undefined ? {} : { cacheWriteLong: cache_write_long }),
    ...(audio_input === undefined ? {} : { audioInput: audio_input }),
    ...(audio_output === undefined ? {} : { audioOutput: audio_output }),
  };
}

/** The same as the gateway computes with them. */
export function priceOf({ above, ...base }: FilePrice): Price {
  if (above === undefined) return kindsOf(base);
  const { prompt_tokens: promptTokens, ...beyond } = above;
  return { ...kindsOf(base), above: { promptTokens, price: kindsOf(beyond) } };
}
