/** `polygate keys token`: a token that the gateway with these settings takes. */

import { type FlagRow, flagsFrom } from "#config/flags.ts";
import { scopes as knownScopes } from "#config/scopes.ts";
import type { TokenGrant } from "#identity/mint-token.ts";
import type { TokenRules } from "#identity/token-store.ts";
import { folded } from "#terminal/folded-text.ts";
import { durationMsFrom } from "#yaml/duration.ts";
import { problemText } from "#yaml/problem.ts";
import { settingsFrom } from "./command-settings.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Its flags. */
export const tokenRows = [
  { name: "sub", value: "name", description: "whom it is for" },
  {
    name: "scopes",
    value: "scope",
    many: true,
    fallback: "none",
    description: `rights beyond calling: ${knownScopes.join(", ")}`,
  },
  {
    name: "ttl",
    value: "duration",
    fallback: "1h",
    description: "how long it is good, such as 15m, 12h or 30d",
  },
  { name: "group", value: "name", fallback: "none", description: "group that it belongs to" },
  {
    name: "models",
    value: "model",
    many: true,
    fallback: "all",
    description: "models that it may name",
  },
  {
    name: "config",
    value: "file",
    fallback: "CONFIG_PATH",
    description: "the gateway's file, for its secret and the names of its claims",
  },
  { name: "help", description: "print this" },
] as const satisfies readonly (FlagRow & { fallback?: string })[];

/** A flag's values, also where commas stand between them. */
function listed(written: readonly string[] | undefined): readonly string[] | undefined {
  return written?.flatMap((text) => text.split(",")).filter((text) => text !== "");
}

/** What the flags ask for, or what is wrong with them. */
function grantFrom(values: ReadonlyMap<string, readonly string[]>): TokenGrant | string {
  const [subject] = values.get("sub") ?? [];
  const [ttl = "1h"] = values.get("ttl") ?? [];
  const [group] = values.get("group") ?? [];
  const scopes = listed(values.get("scopes")) ?? [];
  const models = listed(values.get("models"));
  const lifetimeMs = durationMsFrom(ttl) ?? 0;
  const known: readonly string[] = knownScopes;
  if (subject === undefined) return "flag --sub: is required: whom the token is for";
  if (!scopes.every((scope) => known.includes(scope))) {
    return `flag --scopes: expected ${known.join(", ")}`;
  }
  if (lifetimeMs < 1000) return "flag --ttl: expected a duration of at least a second, such as 12h";
  return {
    ...{ subject, scopes, lifetimeMs },
    ...(group === undefined ? {} : { group }),
    ...(models === undefined ? {} : { models }),
  };
}

/** Prints the token alone on stdout. Returns the exit code. */
export async function keysToken(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, problems } = flagsFrom(argv, tokenRows);
  for (const problem of problems) terminal.err(problemText(problem));
  if (problems.length > 0) return 1;
  if (values.has("help")) {
    terminal.out(
      folded(commandHelp("polygate keys token --sub <name> [flags]", tokenRows), terminal.columns),
    );
    return 0;
  }
  const grant = grantFrom(values);
  if (typeof grant === "string") {
    terminal.err(grant);
    return 1;
  }
  const [file] = values.get("config") ?? [];
  const settings = settingsFrom(file === undefined ? [] : ["--config", file], terminal);
  if (settings === undefined) return 1;
  return await print(settings.auth.tokens, grant, terminal);
}

async function print(
  rules: TokenRules | undefined,
  grant: TokenGrant,
  { out, err }: Terminal,
): Promise<number> {
  const { mintToken } = await import("#identity/mint-token.ts");
  try {
    out(await mintToken(rules, grant, Date.now()));
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    err(thrown.message);
    return 1;
  }
}
