/** Prices of a published table (LiteLLM's JSON) as the `prices` of providers in the gateway's file. Pure. */

import { type Preset, presets } from "#backends/llm/presets.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import type { FilePrice } from "./model-price.ts";

/** Prices by model, by provider. */
export type FilePrices = ReadonlyMap<string, ReadonlyMap<string, FilePrice>>;

/** Columns of the table by the names of the file. */
const columns = [
  ["input", "input_cost_per_token"],
  ["output", "output_cost_per_token"],
  ["cache_read", "cache_read_input_token_cost"],
  ["cache_write", "cache_creation_input_token_cost"],
  ["cache_write_long", "cache_creation_input_token_cost_above_1hr"],
  ["audio_input", "input_cost_per_audio_token"],
  ["audio_output", "output_cost_per_audio_token"],
] as const;

/** Sizes of prompts from which on some models cost more, in thousands of tokens. */
const tiers = [128, 200, 256, 272] as const;

/** Dollars per million of a price per token, without the digits that binary fractions add. */
function perMillion(perToken: number): number {
  return Number((perToken * 1e6).toPrecision(12));
}

type Kinds = Omit<FilePrice, "above">;

function kindsOf(row: Readonly<Record<string, unknown>>, suffix: string): Partial<Kinds> {
  return Object.fromEntries(
    columns.flatMap(([kind, column]) => {
      const perToken = row[`${column}${suffix}`];
      const isPrice = typeof perToken === "number" && Number.isFinite(perToken) && perToken >= 0;
      return isPrice ? [[kind, perMillion(perToken)]] : [];
    }),
  );
}

/** The price of a row; undefined where it has none by tokens. */
function priceOf(row: Readonly<Record<string, unknown>>): FilePrice | undefined {
  const price = kindsOf(row, "");
  if (price.input === undefined) return undefined;
  // Embeddings write nothing.
  const base = { ...price, input: price.input, output: price.output ?? 0 };
  for (const thousands of tiers) {
    const beyond = kindsOf(row, `_above_${thousands}k_tokens`);
    if (Object.keys(beyond).length === 0) continue;
    return { ...base, above: { prompt_tokens: thousands * 1000, ...base, ...beyond } };
  }
  return base;
}

/** Presets by what the table calls them. */
function presetsByName(): ReadonlyMap<unknown, string> {
  const known = Object.entries<Preset>(presets);
  return new Map(known.map(([name, { priceTableName = name }]) => [priceTableName, name]));
}

/** Preset, model and price of a row; undefined where one of them is not known. */
function priced(name: string, row: unknown, presetByProvider: ReadonlyMap<unknown, string>) {
  if (typeof row !== "object" || row === null) return undefined;
  const fields = row as Readonly<Record<string, unknown>>;
  const { litellm_provider: provider } = fields;
  const preset = presetByProvider.get(provider);
  const price = preset === undefined ? undefined : priceOf(fields);
  if (preset === undefined || price === undefined) return undefined;
  const prefix = `${provider}/`;
  return { preset, price, model: name.startsWith(prefix) ? name.slice(prefix.length) : name };
}

/**
 * The prices of a table by preset and model, sorted by name; rows of other providers, and those that
 * are not counted in tokens, are left out. Throws TypeError for what is no such table.
 */
export function pricesFrom(table: unknown): FilePrices {
  if (typeof table !== "object" || table === null || Array.isArray(table)) {
    throw new TypeError("expected an object with a row for each model");
  }
  const presetByProvider = presetsByName();
  const found = new Map<string, Map<string, FilePrice>>();
  const rows = Object.entries(table).toSorted(([left], [right]) => (left < right ? -1 : 1));
  for (const [name, row] of rows) {
    const known = priced(name, row, presetByProvider);
    if (known === undefined) continue;
    const models = getOrCreate(found, known.preset, () => new Map<string, FilePrice>());
    if (!models.has(known.model)) models.set(known.model, known.price);
  }
  if (found.size === 0) {
    throw new TypeError("no row has a `litellm_provider` that this gateway has a preset for");
  }
  return found;
}
