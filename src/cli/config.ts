/** `polygate config`: asks a running gateway for its configuration, or to read it again. */

import { nearest } from "#yaml/nearest.ts";
import {
  type AskedGateway,
  failureText,
  gatewayFrom,
  gatewayRows,
  type HelpRow,
  readFlags,
} from "./asked-gateway.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";
import { printable, textTable } from "./text-table.ts";

/** What became of a reading of the configuration. */
interface Outcome {
  readonly result?: string;
  readonly problems?: readonly string[];
  readonly restart_settings?: readonly string[];
}

/** What a sub-command was told, as text and in short: whether it is what was hoped for. */
interface Said {
  readonly told: unknown;
  readonly text: string;
  readonly isGood: boolean;
}

interface ConfigCommand {
  /** What follows `polygate config`. */
  readonly usage: string;
  readonly description: string;
  run(gateway: AskedGateway, argument: string): Promise<Said>;
}

const restPath = "/api/v1/config";

/** A line for the result, and one for each reason. */
function outcomeText({ result = "", problems = [], restart_settings: restart = [] }: Outcome) {
  const waits = restart.length === 0 ? [] : [`needs a restart: ${restart.join(", ")}`];
  return [result, ...problems, ...waits].map(printable).join("\n");
}

function saidOf(told: unknown, outcome: Outcome): Said {
  const isGood = outcome.result === "ok" || outcome.result === "unchanged";
  return { told, text: outcomeText(outcome), isGood };
}

async function outcomeBy(gateway: AskedGateway, verb: string): Promise<Said> {
  const told = await gateway.ask<{ outcome?: Outcome }>("POST", `${restPath}:${verb}`, {});
  return saidOf(told, told.outcome ?? {});
}

const commands: Readonly<Record<string, ConfigCommand>> = {
  show: {
    usage: "show [path]",
    description: "list the settings in force, with where each comes from; secrets are not shown",
    async run(gateway, argument) {
      const query = new URLSearchParams({ path_prefix: argument });
      const told = await gateway.ask<{
        readonly values?: readonly { path?: string; value?: string; source?: string }[];
      }>("GET", `${restPath}?${query}`);
      const rows = (told.values ?? []).map(({ path = "", value = "", source = "" }) => [
        path,
        value,
        source,
      ]);
      return { told, text: textTable(["SETTING", "VALUE", "SOURCE"], rows), isGood: true };
    },
  },
  status: {
    usage: "status",
    description: "tell which configuration is in force, and what became of the last reload",
    async run(gateway) {
      const told = await gateway.ask<{
        readonly hash?: string;
        readonly take_time?: string;
        readonly generation?: number;
        readonly file?: string;
        readonly watches_files?: boolean;
        readonly last_outcome?: Outcome;
        readonly last_outcome_time?: string;
        readonly last_cause?: string;
      }>("GET", `${restPath}/status`);
      const { last_outcome: last, last_outcome_time: time = "", last_cause: cause = "" } = told;
      const lines = [
        `hash        ${told.hash ?? ""}`,
        `file        ${told.file || "none"}`,
        `taken       ${told.take_time ?? ""}`,
        `generation  ${told.generation ?? 0}`,
        `watching    ${told.watches_files ? "yes" : "no"}`,
      ].map(printable);
      if (last === undefined) return { told, text: lines.join("\n"), isGood: true };
      const said = saidOf(told, last);
      const reload = printable(`last reload ${time} by ${cause}: `);
      return { ...said, text: [...lines, `${reload}${said.text}`].join("\n") };
    },
  },
  check: {
    usage: "check",
    description: "have it read the configuration, and tell what a reload would come to",
    run: (gateway) => outcomeBy(gateway, "check"),
  },
  reload: {
    usage: "reload",
    description: "have it read the configuration again, and serve by it where it is sound",
    run: (gateway) => outcomeBy(gateway, "reload"),
  },
};

const rows = [
  ...gatewayRows,
  { name: "json", description: "print the response as JSON" },
  { name: "help", description: "print this" },
] as const satisfies readonly HelpRow[];

function helpText(): string {
  const lines = Object.values(commands).map(
    ({ usage, description }) => `  ${usage.padEnd(14)}${description}`,
  );
  return ["Usage: polygate config <command> [flags]", "", "Commands", ...lines].join("\n");
}

function unknown(name: string): string {
  const meant = nearest(name, Object.keys(commands));
  const guess = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  const quoted = JSON.stringify(name.slice(0, 64));
  return `polygate config: unknown command ${quoted}${guess}\n\n${helpText()}`;
}

/** Returns the exit code: 1 where the configuration is not, or would not be, in force; 2 for what is no command. */
export async function config(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "--help", ...others] = argv;
  if (name === "--help" || name === "-h") {
    terminal.out(helpText());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    terminal.err(unknown(name));
    return 2;
  }
  const [first = "-"] = others;
  const takesArgument = command.usage.includes("[") && !first.startsWith("-");
  const values = readFlags(takesArgument ? others.slice(1) : others, rows, terminal);
  if (values === undefined) return 1;
  if (values.has("help")) {
    terminal.out(commandHelp(`polygate config ${command.usage} [flags]`, rows));
    return 0;
  }
  const gateway = gatewayFrom(values, terminal);
  if (gateway === undefined) return 1;
  try {
    const { told, text, isGood } = await command.run(gateway, takesArgument ? first : "");
    terminal.out(values.has("json") ? JSON.stringify(told, undefined, 2) : text);
    return isGood ? 0 : 1;
  } catch (thrown) {
    terminal.err(failureText(thrown));
    return 1;
  }
}
