/** `polygate check`: reports whether a configuration is valid, or prints its JSON Schema. */

import { jsonSchema } from "#config/json-schema.ts";
import type { Settings } from "#config/settings.ts";
import { accessText, shownAccess } from "#identity/access.ts";
import { folded } from "#terminal/folded-text.ts";
import { problemText } from "#yaml/problem.ts";
import { settingsFrom, toldHelp } from "./command-settings.ts";
import { settingsHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

const ownFlags = [{ name: "schema", description: "print the JSON Schema of the file" }];

/** Takes the flags of `serve`. Returns the exit code: 1 when there are problems. */
export async function check(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (toldHelp(argv, terminal, () => settingsHelp("check", ownFlags))) return 0;
  if (argv.includes("--schema")) {
    terminal.out(JSON.stringify(jsonSchema(), undefined, 2));
    return 0;
  }
  const settings = settingsFrom(argv, terminal);
  if (settings === undefined) return 1;
  const problems = await problemsOfHooks(settings);
  for (const problem of problems) terminal.err(problem);
  if (problems.length > 0) return 1;
  const out = (text: string) => terminal.out(folded(text, terminal.columns));
  out(`configuration ok: ${summary(settings)}`);
  for (const line of placesOf(settings)) out(line);
  const { unused, warnings } = settings;
  for (const warning of warnings) out(`warning: ${problemText(warning)}`);
  if (unused.length > 0) out(`not used by this version: ${unused.join(", ")}`);
  return 0;
}

/** Loads nothing where there are none. */
async function problemsOfHooks({ hooks }: Settings): Promise<readonly string[]> {
  if (hooks.length === 0) return [];
  const { hookProblems } = await import("#hooks/open-hooks.ts");
  return hookProblems(hooks);
}

/** What each listener asks for, where that is not the same for all. */
function placesOf({ auth, listeners }: Settings): readonly string[] {
  if (auth.access === undefined) return [];
  const accessOn = shownAccess(auth);
  const called = listeners.filter(({ serves }) => serves.some((one) => one !== "metrics"));
  return called.map(({ name }) => `listener ${name}: ${accessText(accessOn(name))}`);
}

function summary({ environment, listeners, chat, hooks, auth, rateLimit }: Settings): string {
  return [
    `environment ${environment}`,
    counted(listeners.length, "listener"),
    chat.cores.length === 0 ? "embedded core" : counted(chat.cores.length, "core"),
    ...(chat.queries.length === 0 ? [] : [`${counted(chat.queries.length, "core")} for questions`]),
    authText(auth),
    ...(hooks.length === 0 ? [] : [counted(hooks.length, "hook")]),
    rateLimit === undefined ? "no rate limit" : "rate limit on",
  ].join(", ");
}

/** Who is known, in numbers. */
function authText({
  enabled,
  keys,
  tokens,
  users = [],
  certificates = [],
}: Settings["auth"]): string {
  if (!enabled) return "auth off";
  const known = [
    ...(keys.length === 0 ? [] : [counted(keys.length, "key")]),
    ...(tokens === undefined ? [] : [`tokens by ${tokens.algorithms.join(", ")}`]),
    ...(users.length === 0 ? [] : [counted(users.length, "user")]),
    ...(certificates.length === 0 ? [] : [counted(certificates.length, "certificate")]),
  ];
  return `auth on with ${known.join(" and ")}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
