/** The sub-commands of `polygate keys` that ask a running gateway: make, list, show, rotate and revoke keys. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  CreateKeyResponseSchema,
  GetKeyResponseSchema,
  GetOwnKeyResponseSchema,
  type Key,
  KeySchema,
  type KeySpecSchema,
  KeysService,
  RevokeKeyResponseSchema,
  RotateKeyResponseSchema,
} from "#gen/polygate/v1/keys_pb.js";
import { textTable } from "#terminal/text-table.ts";
import { durationMsFrom } from "#yaml/duration.ts";
import { type AskedCommand, callOptions, jsonOf } from "./asked-command.ts";
import { UsageError } from "./asked-failure.ts";
import type { AskedGateway, Flags, HelpRow } from "./asked-gateway.ts";
import { exitDone } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

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
] as const satisfies readonly HelpRow[];

const listRows = [
  { name: "group", value: "name", description: "keys of this group alone" },
  { name: "revoked", description: "revoked ones as well" },
] as const satisfies readonly HelpRow[];

const rotateRows = [
  {
    name: "overlap",
    value: "time",
    fallback: "1d",
    description: "how long the text before goes on working; 0 ends it at once",
  },
] as const satisfies readonly HelpRow[];

/** Pages that a list has at most: 100,000 keys. */
const pagesMax = 100;

function timeFrom(written: string): Timestamp {
  const ms = durationMsFrom(written);
  const time = ms === undefined ? Date.parse(written) : Date.now() + ms;
  if (Number.isNaN(time)) throw new UsageError("flag --expires: expected a time such as 90d");
  return timestampFromMs(time);
}

function budgetFrom(written: string) {
  const [usd = "", period = "month"] = written.split("/", 2);
  if (!(Number(usd) > 0)) throw new UsageError("flag --budget: expected dollars such as 50/month");
  return { usd: Number(usd), period };
}

function numberFrom(flags: Flags, name: string): number | undefined {
  const written = flags.get(name)?.[0];
  if (written === undefined) return undefined;
  if (Number(written) > 0) return Number(written);
  throw new UsageError(`flag --${name}: expected a number above 0`);
}

/** The field, where there is a value for it. */
function given<K extends string, T>(name: K, value: T | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [key in K]?: T };
}

/** The key that flags describe. */
function specFrom(flags: Flags, name: string): MessageInitShape<typeof KeySpecSchema> {
  const expires = flags.get("expires")?.[0];
  const budget = flags.get("budget")?.[0];
  return {
    name,
    scopes: [...(flags.get("scope") ?? [])],
    models: [...(flags.get("model") ?? [])],
    routes: [...(flags.get("route") ?? [])],
    tags: [...(flags.get("tag") ?? [])],
    group: flags.get("group")?.[0] ?? "",
    ...given("expireTime", expires === undefined ? undefined : timeFrom(expires)),
    allowance: {
      ...given("requestsPerMinute", numberFrom(flags, "requests-per-minute")),
      ...given("tokensPerMinute", numberFrom(flags, "tokens-per-minute")),
      ...given("concurrentMax", numberFrom(flags, "concurrent-max")),
      ...given("budget", budget === undefined ? undefined : budgetFrom(budget)),
    },
  };
}

function timeText(time: Timestamp | undefined, without: string): string {
  return time === undefined ? without : timestampDate(time).toISOString();
}

function rowOf({ id, prefix, state, spec, lastUseTime }: Key): readonly string[] {
  return [
    spec?.name ?? "",
    id,
    `${prefix}…`,
    state,
    spec?.group || "-",
    spec?.scopes.join(" ") || "-",
    spec?.models.join(" ") || "all",
    timeText(spec?.expireTime, "never"),
    timeText(lastUseTime, "-"),
  ];
}

const heads = ["NAME", "ID", "KEY", "STATE", "GROUP", "SCOPES", "MODELS", "EXPIRES", "LAST USED"];

/** A key in columns; where it is new, its text stands last, alone on its line. */
function keyText(
  key: Key | undefined,
  { columns }: Pick<Terminal, "columns">,
  secret?: string,
): string {
  const table = textTable(heads, key === undefined ? [] : [rowOf(key)], { columns });
  return secret === undefined ? table : `${table}\n\nIt is shown once:\n${secret}`;
}

async function allKeys(gateway: AskedGateway, flags: Flags, terminal: Terminal) {
  const client = gateway.client(KeysService);
  const keys: Key[] = [];
  let pageToken = "";
  for (let page = 0; page < pagesMax; page += 1) {
    const told = await client.listKeys(
      {
        pageSize: 1000,
        includeRevoked: flags.has("revoked"),
        group: flags.get("group")?.[0] ?? "",
        pageToken,
      },
      callOptions(terminal),
    );
    keys.push(...told.keys);
    pageToken = told.nextPageToken;
    if (pageToken === "") break;
  }
  return keys;
}

function printed(terminal: Terminal, flags: Flags, json: unknown, text: string): number {
  terminal.out(flags.has("json") ? JSON.stringify(json, undefined, 2) : text);
  return exitDone;
}

/** Makes a key. */
export const createKey: AskedCommand = {
  rows: createRows,
  async run({ gateway, flags, words: [name = ""], terminal }) {
    const key = specFrom(flags, name);
    const told = await gateway.client(KeysService).createKey({ key }, callOptions(terminal));
    const json = jsonOf(CreateKeyResponseSchema, told);
    return printed(terminal, flags, json, keyText(told.key, terminal, told.secret));
  },
};

/** Lists keys. */
export const listKeys: AskedCommand = {
  rows: listRows,
  async run({ gateway, flags, terminal }) {
    const keys = await allKeys(gateway, flags, terminal);
    const json = keys.map((key) => jsonOf(KeySchema, key));
    return printed(
      terminal,
      flags,
      json,
      textTable(heads, keys.map(rowOf), { columns: terminal.columns }),
    );
  },
};

/** Shows a key. */
export const showKey: AskedCommand = {
  rows: [],
  async run({ gateway, flags, words: [key = ""], terminal }) {
    const client = gateway.client(KeysService);
    if (key === "self") {
      const own = await client.getOwnKey({}, callOptions(terminal));
      const json = jsonOf(GetOwnKeyResponseSchema, own);
      return printed(terminal, flags, json, keyText(own.key, terminal));
    }
    const told = await client.getKey({ key }, callOptions(terminal));
    return printed(
      terminal,
      flags,
      jsonOf(GetKeyResponseSchema, told),
      keyText(told.key, terminal),
    );
  },
};

/** Gives a key a new text. */
export const rotateKey: AskedCommand = {
  rows: rotateRows,
  async run({ gateway, flags, words: [key = ""], terminal }) {
    const written = flags.get("overlap")?.[0];
    const ms = written === undefined ? 0 : durationMsFrom(written);
    if (ms === undefined) throw new UsageError("flag --overlap: expected a time such as 1d");
    const overlap = given(
      "overlapSeconds",
      written === undefined ? undefined : Math.round(ms / 1000),
    );
    const client = gateway.client(KeysService);
    const told = await client.rotateKey({ key, ...overlap }, callOptions(terminal));
    const json = jsonOf(RotateKeyResponseSchema, told);
    return printed(terminal, flags, json, keyText(told.key, terminal, told.secret));
  },
};

/** Ends a key. */
export const revokeKey: AskedCommand = {
  rows: [],
  async run({ gateway, flags, words: [key = ""], terminal }) {
    const told = await gateway.client(KeysService).revokeKey({ key }, callOptions(terminal));
    return printed(
      terminal,
      flags,
      jsonOf(RevokeKeyResponseSchema, told),
      keyText(told.key, terminal),
    );
  },
};
