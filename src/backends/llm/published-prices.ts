/** Prices that providers have published, in US dollars per million tokens; `npm run prices` makes them from LiteLLM's table. */

import type { Price } from "#chat/price.ts";
import type { PresetName } from "./presets.ts";
import table from "./published-prices.json" with { type: "json" };

/** The day on which the table was published. */
export const { publishedOn } = table;

/** Prices by preset and model. */
export const publishedPrices: Partial<Record<PresetName, Readonly<Record<string, Price>>>> =
  table.prices;
