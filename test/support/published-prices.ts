/** Writes `src/backends/llm/published-prices.json` from LiteLLM's table: `npm run prices -- FILE DAY`. */

import { readFileSync, writeFileSync } from "node:fs";
import { priceOf } from "#config/model-price.ts";
import { pricesFrom } from "#config/price-table.ts";

/** Presets whose prices are the same for all of their clients, and few enough to be looked through. */
const listed = ["anthropic", "deepseek", "glm", "google", "groq", "mistral", "openai", "xai"];
/** What a call is charged by the token for. */
const modes: readonly unknown[] = ["chat", "responses", "embedding"];

const target = new URL("../../src/backends/llm/published-prices.json", import.meta.url);

/** The rows of models that can still be asked for, without those of a customer's own. */
function current(table: Record<string, Record<string, unknown>>, day: string) {
  return Object.fromEntries(
    Object.entries(table).filter(([model, { mode, deprecation_date: end }]) => {
      const isOver = typeof end === "string" && end < day;
      return modes.includes(mode) && !isOver && !model.startsWith("ft:");
    }),
  );
}

const [file = "", day = ""] = process.argv.slice(2);
const found = pricesFrom(current(JSON.parse(readFileSync(file, "utf8")), day));
const prices = Object.fromEntries(
  listed.map((preset) => {
    const rows = [...(found.get(preset) ?? [])].map(([model, price]) => [model, priceOf(price)]);
    return [preset, Object.fromEntries(rows)];
  }),
);
writeFileSync(target, `${JSON.stringify({ publishedOn: day, prices })}\n`);
