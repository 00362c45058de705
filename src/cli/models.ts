/** `polygate models`: what a running gateway can be asked for, and prices for its file from a published table. */

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { stringify } from "yaml";
import type { FlagRow } from "#config/flags.ts";
import { pricesFrom } from "#config/price-table.ts";
import { failureText, gatewayFrom, gatewayRows, type HelpRow, readFlags } from "./asked-gateway.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** Largest table of prices that is read. */
const tableBytesMax = 64 * 1024 * 1024;

const listRows = [
  ...gatewayRows,
  { name: "help", description: "print this" },
] as const satisfies readonly HelpRow[];

const pricesRows = [
  { name: "import", value: "file", description: "the table: model_prices…json of LiteLLM" },
  { name: "provider", value: "name", many: true, description: "presets to print; all when absent" },
  { name: "model", value: "name", many: true, description: "models to print; all when absent" },
  { name: "help", description: "print this" },
] as const satisfies readonly FlagRow[];

/** A model as `/api/v1/models` lists it. */
interface Listed {
  readonly id?: string;
  readonly provider?: string;
  readonly backend?: string;
  readonly state?: string;
  readonly capabilities?: readonly string[];
  readonly aliases?: readonly string[];
  readonly cost_per_1k_tokens?: { readonly input?: number; readonly output?: number };
}

/** Returns the exit code: 1 where nothing could be printed. */
export async function models(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...others] = argv;
  return first === "prices" ? prices(others, terminal) : await list(argv, terminal);
}

/** Prices of a table as YAML for the gateway's file. */
function prices(argv: readonly string[], terminal: Terminal): number {
  const values = readFlags(argv, pricesRows, terminal);
  if (values === undefined) return 1;
  if (values.has("help")) {
    terminal.out(commandHelp("polygate models prices --import <file> [flags]", pricesRows));
    return 0;
  }
  const [name] = values.get("import") ?? [];
  if (name === undefined) {
    terminal.err("flag --import: is required: the file with the prices");
    return 1;
  }
  try {
    terminal.out(pricesText(resolve(terminal.cwd, name), values));
    return 0;
  } catch (thrown) {
    terminal.err(`flag --import: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return 1;
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

/** What a running gateway can be asked for, and through what. */
async function list(argv: readonly string[], terminal: Terminal): Promise<number> {
  const values = readFlags(argv, listRows, terminal);
  if (values === undefined) return 1;
  if (values.has("help")) {
    const more = "\n\npolygate models prices --help tells of prices from a published table";
    terminal.out(`${commandHelp("polygate models [flags]", listRows)}${more}`);
    return 0;
  }
  const gateway = gatewayFrom(values, terminal);
  if (gateway === undefined) return 1;
  try {
    const { models: all = [] } = await gateway.ask<{ readonly models?: readonly Listed[] }>(
      "GET",
      "/api/v1/models",
    );
    terminal.out(tableOf(all));
    return 0;
  } catch (thrown) {
    terminal.err(failureText(thrown));
    return 1;
  }
}

function priceText({ cost_per_1k_tokens: price }: Listed): string {
  if (price === undefined) return "-";
  const perMillion = (dollars = 0) => String(Number((dollars * 1000).toPrecision(6)));
  return `${perMillion(price.input)} / ${perMillion(price.output)}`;
}

/** The models in columns. */
function tableOf(all: readonly Listed[]): string {
  const heads = ["MODEL", "PROVIDER", "THROUGH", "STATE", "CAN", "$ / M TOKENS"];
  const rows = all.map((model) => [
    [model.id ?? "", ...(model.aliases ?? [])].join(", "),
    model.provider || "-",
    model.backend || "-",
    model.state || "-",
    (model.capabilities ?? []).join(" ") || "-",
    priceText(model),
  ]);
  return textTable(heads, rows);
}
