/** A published table of prices becomes the prices of the gateway's file, kind by kind. */

import { expect, test } from "vitest";
import { pricesFrom } from "#config/price-table.ts";
import { fileSchema } from "#config/schema.ts";

const openai = { litellm_provider: "openai", mode: "chat" };

/** Prices as plain objects. */
function read(table: unknown) {
  return Object.fromEntries(
    [...pricesFrom(table)].map(([provider, models]) => [provider, Object.fromEntries(models)]),
  );
}

test("each kind of token has its price per million, without digits that nobody wrote", () => {
  const row = {
    litellm_provider: "anthropic",
    input_cost_per_token: 3e-6,
    output_cost_per_token: 1.5e-5,
    cache_read_input_token_cost: 3e-7,
    cache_creation_input_token_cost: 3.75e-6,
    cache_creation_input_token_cost_above_1hr: 6e-6,
    input_cost_per_audio_token: 1e-5,
    output_cost_per_audio_token: 2e-5,
    input_cost_per_token_batches: 1.5e-6,
  };
  expect(read({ "claude-sonnet-4-5": row })).toEqual({
    anthropic: {
      "claude-sonnet-4-5": {
        ...{ input: 3, output: 15, cache_read: 0.3, cache_write: 3.75, cache_write_long: 6 },
        ...{ audio_input: 10, audio_output: 20 },
      },
    },
  });
});

test("what long prompts cost has all kinds, those that do not change included", () => {
  const row = {
    litellm_provider: "gemini",
    input_cost_per_token: 1.25e-6,
    output_cost_per_token: 1e-5,
    cache_read_input_token_cost: 1.25e-7,
    input_cost_per_token_above_200k_tokens: 2.5e-6,
    output_cost_per_token_above_200k_tokens: 1.5e-5,
  };
  expect(read({ "gemini/gemini-2.5-pro": row })).toEqual({
    google: {
      "gemini-2.5-pro": {
        ...{ input: 1.25, output: 10, cache_read: 0.125 },
        above: { prompt_tokens: 200_000, input: 2.5, output: 15, cache_read: 0.125 },
      },
    },
  });
});

test("models stand by name under their provider; those of one name once, those without a price of tokens not at all", () => {
  const table = {
    sample_spec: { litellm_provider: "one of many" },
    "openai/b": { ...openai, input_cost_per_token: 1e-6 },
    a: { ...openai, input_cost_per_token: 2e-6, output_cost_per_token: 4e-6 },
    b: { ...openai, input_cost_per_token: 9e-6 },
    image: { ...openai, output_cost_per_image: 0.04 },
    odd: { ...openai, input_cost_per_token: "free" },
    less: { ...openai, input_cost_per_token: -1 },
    elsewhere: { litellm_provider: "nobody", input_cost_per_token: 1e-6 },
    nothing: null,
  };
  const prices = read(table);
  expect(Object.keys(prices)).toEqual(["openai"]);
  expect(Object.entries(prices.openai ?? {})).toEqual([
    ["a", { input: 2, output: 4 }],
    ["b", { input: 9, output: 0 }],
  ]);
});

test("the file takes what comes of it", () => {
  const row = {
    ...{ ...openai, input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 },
    ...{ cache_creation_input_token_cost_above_1hr: 3e-6, input_cost_per_audio_token: 4e-6 },
    ...{ output_cost_per_audio_token: 5e-6, input_cost_per_token_above_272k_tokens: 6e-6 },
  };
  const { openai: models } = read({ a: row });
  const { providers } = fileSchema.parse({ providers: { openai: { prices: models } } });
  expect(providers.openai?.prices.a).toMatchObject({
    above: { prompt_tokens: 272_000, input: 6, output: 2, audio_output: 5 },
  });
});

test.each([[[]], ["x"], [null], [{}], [{ a: { litellm_provider: "nobody" } }]])(
  "%j is no table, and says so",
  (table) => {
    expect(() => pricesFrom(table)).toThrow(TypeError);
  },
);
