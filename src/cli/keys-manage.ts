/** The sub-commands of `polygate keys` that ask a running gateway: make, list, show, rotate and revoke keys. */

import { durationMsFrom } from "#yaml/duration.ts";
import {
  type AskedGateway,
  type Flags,
  failureText,
  gatewayFrom,
  gatewayRows,
  type HelpRow,
  readFlags,
} from "./asked-gateway.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";
import { textTable } from "./text-table.ts";

/** A key as the gateway tells it. */
interface Told {
  readonly id?: string;
  readonly prefix?: string;
  readonly state?: string;
  readonly last_use_time?: string;
  readonly create_time?: string;
  readonly previous_expire_time?: string;
  readonly spec?: {
    readonly name?: string;
    readonly group?: string;
    readonly scopes?: readonly string[];
    readonly models?: readonly string[];
    readonly expire_time?: string;
  };
}

/** A key and, where it is new, its text. */
interface Made {
  readonly key?: Told;
  readonly secret?: string;
}

const commonRows = [
  ...gatewayRows,
  { name: "json", description: "print the response as JSON" },
  { name: "help", description: "print this" },
] as const satisfies readonly HelpRow[];

const many = true;
const createRows = [
  {
    name: "scope",
    value: "name",
    many,
    description: "right beyond calling (admin, route, priority), or batch to come last",
  },
  { name: "model", value: "pattern", many, description: "model it may call; all when absent" },
  { name: "route", value: "prefix", many, description: "path or procedure; all when absent" },
  { name: "group", value: "name", description: "group of auth.groups" },
  { name: "tag", value: "word", many, description: "word that its spending is summed up by" },
  { name: "expires", value: "time", description: "when it ends: 90d, or 2027-01-31T00:00:00Z" },
  { name: "requests-per-minute", value: "number", description: "steady rate of requests" },
  { name: "tokens-per-minute", value: "number", description: "steady rate of tokens" },
  { name: "concurrent-max", value: "number", description: "calls in progress at one time" },
  { name: "budget", value: "usd/period", description: "money: 50/month; day, week, month, 30d" },
  ...commonRows,
] as const satisfies readonly HelpRow[];

const listRows = [
  { name: "group", value: "name", description: "keys of this group alone" },
  { name: "revoked", description: "revoked ones as well" },
  ...commonRows,
] as const satisfies readonly HelpRow[];

const rotateRows = [
  {
    name: "overlap",
    value: "time",
    fallback: "1d",
    description: "how long the text before goes on working; 0 ends it at once",
  },
  ...commonRows,
] as const satisfies readonly HelpRow[];

/** What a command that names a key asks for, and prints. */
type Work = (gateway: AskedGateway, values: Flags, name: string) => Promise<unknown>;

/** Pages that a list has at most: 100,000 keys. */
const pagesMax = 100;

function timeFrom(written: string): string {
  const ms = durationMsFrom(written);
  const time = ms === undefined ? Date.parse(written) : Date.now() + ms;
  if (Number.isNaN(time)) throw new Error("flag --expires: expected a time such as 90d");
  return new Date(time).toISOString();
}

function budgetFrom(written: string) {
  const [usd = "", period = "month"] = written.split("/", 2);
  if (!(Number(usd) > 0)) throw new Error("flag --budget: expected dollars such as 50/month");
  return { usd: Number(usd), period };
}

function numberFrom(values: Flags, name: string): number | undefined {
  const written = values.get(name)?.[0];
  if (written === undefined) return undefined;
  if (Number(written) > 0) return Number(written);
  throw new Error(`flag --${name}: expected a number above 0`);
}

/** The key that flags describe. */
function specFrom(values: Flags, name: string) {
  const expires = values.get("expires")?.[0];
  const budget = values.get("budget")?.[0];
  return {
    name,
    scopes: values.get("scope") ?? [],
    models: values.get("model") ?? [],
    routes: values.get("route") ?? [],
    tags: values.get("tag") ?? [],
    group: values.get("group")?.[0] ?? "",
    ...(expires === undefined ? {} : { expire_time: timeFrom(expires) }),
    allowance: {
      requests_per_minute: numberFrom(values, "requests-per-minute"),
      tokens_per_minute: numberFrom(values, "tokens-per-minute"),
      concurrent_max: numberFrom(values, "concurrent-max"),
      ...(budget === undefined ? {} : { budget: budgetFrom(budget) }),
    },
  };
}

function rowOf({ id = "", prefix = "", state = "", spec = {}, last_use_time }: Told) {
  const { name = "", group = "", scopes = [], models = [], expire_time } = spec;
  return [
    name,
    id,
    `${prefix}…`,
    state,
    group || "-",
    scopes.join(" ") || "-",
    models.join(" ") || "all",
    expire_time ?? "never",
    last_use_time ?? "-",
  ];
}

const heads = ["NAME", "ID", "KEY", "STATE", "GROUP", "SCOPES", "MODELS", "EXPIRES", "LAST USED"];

async function allKeys(gateway: AskedGateway, values: Flags): Promise<readonly Told[]> {
  const keys: Told[] = [];
  let token = "";
  for (let page = 0; page < pagesMax; page += 1) {
    const query = new URLSearchParams({
      page_size: "1000",
      include_revoked: String(values.has("revoked")),
      group: values.get("group")?.[0] ?? "",
      page_token: token,
    });
    const told = await gateway.ask<{
      readonly keys?: readonly Told[];
      readonly next_page_token?: string;
    }>("GET", `/api/v1/keys?${query}`);
    keys.push(...(told.keys ?? []));
    token = told.next_page_token ?? "";
    if (token === "") break;
  }
  return keys;
}

/** A table of keys; of one that is new its text, alone on its line, last. */
function textOf(told: unknown): string {
  if (Array.isArray(told)) return textTable(heads, told.map(rowOf));
  const { key = {}, secret } = told as Made;
  const table = textTable(heads, [rowOf(key)]);
  return secret === undefined ? table : `${table}\n\nIt is shown once:\n${secret}`;
}

function pathOf(name: string, verb = ""): string {
  return `/api/v1/keys/${encodeURIComponent(name)}${verb}`;
}

/** Asks the gateway, and prints what it tells. Returns the exit code. */
async function asked(work: Work, values: Flags, name: string, terminal: Terminal): Promise<number> {
  const gateway = gatewayFrom(values, terminal);
  if (gateway === undefined) return 1;
  try {
    const told = await work(gateway, values, name);
    terminal.out(values.has("json") ? JSON.stringify(told, undefined, 2) : textOf(told));
    return 0;
  } catch (thrown) {
    terminal.err(failureText(thrown));
    return 1;
  }
}

/** A command that asks a gateway, and returns the exit code; what its usage has in angles is its argument. */
function asking(usage: string, rows: readonly HelpRow[], work: Work) {
  const takesName = usage.includes("<");
  return async (argv: readonly string[], terminal: Terminal): Promise<number> => {
    const [first = "-"] = argv;
    const name = takesName && !first.startsWith("-") ? first : undefined;
    const values = readFlags(name === undefined ? argv : argv.slice(1), rows, terminal);
    if (values === undefined) return 1;
    if (values.has("help")) {
      terminal.out(commandHelp(`polygate keys ${usage} [flags]`, rows));
      return 0;
    }
    if (!takesName || name !== undefined) return await asked(work, values, name ?? "", terminal);
    terminal.err(`polygate keys ${usage}: name the key first`);
    return 2;
  };
}

/** Makes a key. */
export const createKey = asking("create <name>", createRows, (gateway, values, name) =>
  gateway.ask("POST", "/api/v1/keys", specFrom(values, name)),
);

/** Lists keys. */
export const listKeys = asking("list", listRows, allKeys);

/** Shows a key. */
export const showKey = asking("show <name>", commonRows, (gateway, _values, name) =>
  gateway.ask("GET", pathOf(name)),
);

/** Gives a key a new text. */
export const rotateKey = asking("rotate <name>", rotateRows, (gateway, values, name) => {
  const written = values.get("overlap")?.[0];
  const ms = written === undefined ? 0 : durationMsFrom(written);
  if (ms === undefined) throw new Error("flag --overlap: expected a time such as 1d");
  const body = written === undefined ? {} : { overlap_seconds: Math.round(ms / 1000) };
  return gateway.ask("POST", pathOf(name, ":rotate"), body);
});

/** Ends a key. */
export const revokeKey = asking("revoke <name>", commonRows, (gateway, _values, name) =>
  gateway.ask("POST", pathOf(name, ":revoke"), {}),
);
