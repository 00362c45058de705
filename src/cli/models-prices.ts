/** `polygate models prices`: prices for the gateway's file from a published table. */

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { stringify } from "yaml";
import { type FlagRow, flagsFrom } from "#config/flags.ts";
import { pricesFrom } from "#config/price-table.ts";
import { folded } from "#terminal/folded-text.ts";
import { problemText } from "#yaml/problem.ts";
import { exitDone, exitFailed, exitUsage } from "./exit-codes.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Largest table of prices that is read. */
const tableBytesMax = 64 * 1024 * 1024;

/** Its flags. */
export const pricesRows = [
  { name: "import", value: "file", description: "the table: model_prices…json of LiteLLM" },
  { name: "provider", value: "name", many: true, description: "presets to print; all when absent" },
  { name: "model", value: "name", many: true, description: "models to print; all when absent" },
  { name: "help", description: "print this" },
] as const satisfies readonly FlagRow[];

/** Prints the prices as YAML. Returns the exit code. */
export function modelsPrices(argv: readonly string[], terminal: Terminal): number {
  const { values, problems } = flagsFrom(argv, pricesRows);
  for (const problem of problems) terminal.err(problemText(problem));
  if (problems.length > 0) return exitUsage;
  if (values.has("help")) {
    terminal.out(
      folded(
        commandHelp("polygate models prices --import <file> [flags]", pricesRows),
        terminal.columns,
      ),
    );
    return exitDone;
  }
  const [name] = values.get("import") ?? [];
  if (name === undefined) {
    terminal.err("flag --import: is required: the file with the prices");
    return exitUsage;
  }
  try {
    terminal.out(pricesText(resolve(terminal.cwd, name), values));
    return exitDone;
  } catch (thrown) {
    terminal.err(`flag --import: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return exitFailed;
  }
}

function pricesText(file: string, values: ReadonlyMap<string, readonly string[]>): string {
  const { size, mtime } = statSync(file);
  if (size > tableBytesMax) throw new RangeError(`is larger than ${tableBytesMax} bytes`);
  const wanted = (name: string, list: "provider" | "model") =>
    values.get(list)?.includes(name) ?? true;
  const providers = [...pricesFrom(JSON.parse(readFileSync(file, "utf8")))]
    .filter(([provider]) => wanted(provider, "provider"))
    .map(([provider, table]) => {
      const rows = [...table].filter(([model]) => wanted(model, "model"));
      return [provider, { prices: Object.fromEntries(rows) }] as const;
    })
    .filter(([, { prices: table }]) => Object.keys(table).length > 0);
  if (providers.length === 0) throw new RangeError("has no price of what was asked for");
  const day = mtime.toISOString().slice(0, 10);
  const head = `# US dollars per million tokens, as of ${day} (the table's file)`;
  return `${head}\n${stringify({ providers: Object.fromEntries(providers) }).trimEnd()}`;
}
