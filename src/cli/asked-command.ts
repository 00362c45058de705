/** The frame of every command that asks a running gateway: flags, help, words, failures, exit codes. */

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import { flagsFrom } from "#config/flags.ts";
import { folded } from "#terminal/folded-text.ts";
import { problemText } from "#yaml/problem.ts";
import { failureOf } from "./asked-failure.ts";
import {
  type AskedGateway,
  type Flags,
  gatewayFrom,
  gatewayRows,
  type HelpRow,
} from "./asked-gateway.ts";
import { exitDone, exitInterrupted, exitUsage } from "./exit-codes.ts";
import { commandHelp } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** What a command is run with. */
export interface Asked<T extends Terminal> {
  readonly gateway: AskedGateway;
  readonly flags: Flags;
  readonly words: readonly string[];
  readonly terminal: T;
}

/** A command that asks a running gateway. */
export interface AskedCommand<T extends Terminal = Terminal> {
  /** Its flags beside those that all have. */
  readonly rows: readonly HelpRow[];
  /** Returns the exit code; what it throws is printed in one line. */
  run(asked: Asked<T>): Promise<number>;
}

const commonRows = [
  ...gatewayRows,
  { name: "json", description: "print JSON: one object, or one per line" },
  { name: "help", description: "print this" },
] as const satisfies readonly HelpRow[];

/** All flags of a command. */
export function rowsOf({ rows }: { readonly rows: readonly HelpRow[] }): readonly HelpRow[] {
  return [...rows, ...commonRows];
}

/** How many words a usage asks for, and takes. */
function wordBounds(usage: string): { readonly least: number; readonly most: number } {
  const least = usage.match(/<[^>]+>/g)?.length ?? 0;
  const many = usage.includes("…");
  const optional = usage.match(/\[(?!flags)[^\]]+\]/g)?.length ?? 0;
  return { least, most: many ? Number.POSITIVE_INFINITY : least + optional };
}

/**
 * Runs a command with what follows its name. `usage` is what follows `polygate`: words in angles have
 * to be given, those in brackets may be, and an ellipsis means several. Returns the exit code.
 */
export async function runAsked<T extends Terminal>(
  usage: string,
  command: AskedCommand<T>,
  argv: readonly string[],
  terminal: T,
): Promise<number> {
  const rows = rowsOf(command);
  const { least, most } = wordBounds(usage);
  const { values: flags, words, problems } = flagsFrom(argv, rows, most > 0);
  if (flags.has("help")) {
    terminal.out(folded(commandHelp(`polygate ${usage} [flags]`, rows), terminal.columns));
    return exitDone;
  }
  for (const problem of problems) terminal.err(problemText(problem));
  if (problems.length > 0) return exitUsage;
  if (words.length < least || words.length > most) {
    const wrong = words.length < least ? "too few words" : "too many words";
    terminal.err(`polygate ${usage}: ${wrong} (hint: add --help)`);
    return exitUsage;
  }
  let url: string | undefined;
  try {
    const gateway = gatewayFrom(flags, terminal);
    url = gateway.url;
    return await command.run({ gateway, flags, words, terminal });
  } catch (thrown) {
    if (terminal.signal?.aborted === true) return exitInterrupted;
    const { text, exitCode } = failureOf(thrown, url);
    terminal.err(text);
    return exitCode;
  }
}

/** A message as REST writes it: names of the proto, defaults included. */
export function jsonOf<D extends DescMessage>(schema: D, message: MessageShape<D>) {
  return toJson(schema, message, { useProtoFieldName: true, alwaysEmitImplicit: true });
}

/** What the calls of a command are made with: the signal that ends them, where something does. */
export function callOptions({ signal }: Terminal) {
  return signal === undefined ? {} : { signal };
}
