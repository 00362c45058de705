/** `polygate models`: what a running gateway can be asked for, and prices for its file from a published table. */

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { stringify } from "yaml";
import { type FlagRow, flagsFrom } from "#config/flags.ts";
import { pricesFrom } from "#config/price-table.ts";
import { problemText } from "#yaml/problem.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

const responseTimeoutMs = 10_000;
/** Largest table of prices that is read. */
const tableBytesMax = 64 * 1024 * 1024;

const listRows = [
  {
    name: "server",
    value: "address",
    fallback: "http://127.0.0.1:8080; POLYGATE_URL",
    description: "the gateway that is asked",
  },
  {
    name: "key-file",
    value: "file",
    fallback: "POLYGATE_API_KEY",
    description: "file that holds the key to show it",
  },
  { name: "help", description: "print this" },
] as const satisfies readonly (FlagRow & { fallback?: string })[];

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

/** Flags by name, or undefined when there were problems, which are reported then. */
function read(argv: readonly string[], rows: readonly FlagRow[], { err }: Terminal) {
  const { values, problems } = flagsFrom(argv, rows);
  for (const problem of problems) err(problemText(problem));
  return problems.length === 0 ? values : undefined;
}

/** Returns the exit code: 1 where nothing could be printed. */
export async function models(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...others] = argv;
  return first === "prices" ? prices(others, terminal) : await list(argv, terminal);
}

/** Prices of a table as YAML for the gateway's file. */
function prices(argv: readonly string[], terminal: Terminal): number {
  const values = read(argv, pricesRows, terminal);
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
  const values = read(argv, listRows, terminal);
  if (values === undefined) return 1;
  if (values.has("help")) {
    const more = "\n\npolygate models prices --help tells of prices from a published table";
    terminal.out(`${commandHelp("polygate models [flags]", listRows)}${more}`);
    return 0;
  }
  const { env, cwd } = terminal;
  const server = values.get("server")?.[0] ?? env.POLYGATE_URL ?? "http://127.0.0.1:8080";
  if (!URL.canParse("/api/v1/models", server)) {
    terminal.err("flag --server: expected an address such as http://127.0.0.1:8080");
    return 1;
  }
  try {
    const keyFile = values.get("key-file")?.[0];
    const key =
      keyFile === undefined
        ? env.POLYGATE_API_KEY
        : readFileSync(resolve(cwd, keyFile), "utf8").trim();
    terminal.out(tableText(await listed(new URL("/api/v1/models", server), key)));
    return 0;
  } catch (thrown) {
    terminal.err(thrown instanceof Error ? messageOf(thrown) : String(thrown));
    return 1;
  }
}

/** The words of an error; those of its cause where that says more, as with a connection that is refused. */
function messageOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== "" ? `${message}: ${cause.message}` : message;
}

async function listed(address: URL, key: string | undefined): Promise<readonly Listed[]> {
  const response = await fetch(address, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(responseTimeoutMs),
  });
  const body = (await response.json()) as {
    readonly models?: readonly Listed[];
    readonly error?: { readonly message?: string };
  };
  if (response.ok) return body.models ?? [];
  throw new Error(`the gateway responds ${response.status}: ${body.error?.message ?? ""}`);
}

function priceText({ cost_per_1k_tokens: price }: Listed): string {
  if (price === undefined) return "-";
  const perMillion = (dollars = 0) => String(Number((dollars * 1000).toPrecision(6)));
  return `${perMillion(price.input)} / ${perMillion(price.output)}`;
}

/** A text of a provider's without what a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, "\ufffd");
}

/** Columns as wide as their widest cell. */
function tableText(all: readonly Listed[]): string {
  const heads = ["MODEL", "PROVIDER", "THROUGH", "STATE", "CAN", "$ / M TOKENS"];
  const rows = all.map((model) =>
    [
      [model.id ?? "", ...(model.aliases ?? [])].join(", "),
      model.provider || "-",
      model.backend || "-",
      model.state || "-",
      (model.capabilities ?? []).join(" ") || "-",
      priceText(model),
    ].map(printable),
  );
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  return [heads, ...rows]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
