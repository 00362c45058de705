/** The sub-commands of `polygate config`: ask a running gateway for its configuration, or to read it again. */

import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import {
  CheckConfigResponseSchema,
  type ConfigOutcome,
  ConfigService,
  GetConfigResponseSchema,
  GetConfigStatusResponseSchema,
  ReloadConfigResponseSchema,
} from "#gen/polygate/v1/config_pb.js";
import { printable, textTable } from "#terminal/text-table.ts";
import { type AskedCommand, callOptions, jsonOf } from "./asked-command.ts";
import type { Flags } from "./asked-gateway.ts";
import { exitDone, exitFailed } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

/** A line for the result, and one for each reason. */
function outcomeText({ result, problems, restartSettings }: ConfigOutcome): string {
  const waits =
    restartSettings.length === 0 ? [] : [`needs a restart: ${restartSettings.join(", ")}`];
  return [result, ...problems, ...waits].map(printable).join("\n");
}

/** Prints the response; the exit code says whether the outcome is what was hoped for. */
function printed<D extends DescMessage>(
  { flags, terminal }: { readonly flags: Flags; readonly terminal: Terminal },
  [schema, told]: readonly [D, MessageShape<D>],
  text: string,
  outcome: ConfigOutcome | undefined,
): number {
  const json = () => JSON.stringify(jsonOf(schema, told), undefined, 2);
  terminal.out(flags.has("json") ? json() : text);
  const isGood = outcome === undefined || /^(ok|unchanged)$/.test(outcome.result);
  return isGood ? exitDone : exitFailed;
}

function timeText(time: Timestamp | undefined): string {
  return time === undefined ? "" : timestampDate(time).toISOString();
}

/** `config show`. */
export const showConfig: AskedCommand = {
  rows: [],
  async run(asked) {
    const { gateway, words, terminal } = asked;
    const [pathPrefix = ""] = words;
    const client = gateway.client(ConfigService);
    const told = await client.getConfig({ pathPrefix }, callOptions(terminal));
    const rows = told.values.map(({ path, value, source }) => [path, value, source]);
    const { columns } = terminal;
    const text = textTable(["SETTING", "VALUE", "SOURCE"], rows, { columns });
    return printed(asked, [GetConfigResponseSchema, told], text, undefined);
  },
};

/** `config status`. */
export const configStatus: AskedCommand = {
  rows: [],
  async run(asked) {
    const { gateway, terminal } = asked;
    const told = await gateway.client(ConfigService).getConfigStatus({}, callOptions(terminal));
    const lines = [
      `hash        ${told.hash}`,
      `file        ${told.file || "none"}`,
      `taken       ${timeText(told.takeTime)}`,
      `generation  ${told.generation}`,
      `watching    ${told.watchesFiles ? "yes" : "no"}`,
    ].map(printable);
    const { lastOutcome: last } = told;
    if (last !== undefined) {
      const reload = `last reload ${timeText(told.lastOutcomeTime)} by ${told.lastCause}: `;
      lines.push(`${printable(reload)}${outcomeText(last)}`);
    }
    return printed(asked, [GetConfigStatusResponseSchema, told], lines.join("\n"), last);
  },
};

/** `config check`. */
export const checkConfig: AskedCommand = {
  rows: [],
  async run(asked) {
    const { gateway, terminal } = asked;
    const told = await gateway.client(ConfigService).checkConfig({}, callOptions(terminal));
    const { outcome } = told;
    const text = outcome === undefined ? "" : outcomeText(outcome);
    return printed(asked, [CheckConfigResponseSchema, told], text, outcome);
  },
};

/** `config reload`. */
export const reloadConfig: AskedCommand = {
  rows: [],
  async run(asked) {
    const { gateway, terminal } = asked;
    const told = await gateway.client(ConfigService).reloadConfig({}, callOptions(terminal));
    const { outcome } = told;
    const text = outcome === undefined ? "" : outcomeText(outcome);
    return printed(asked, [ReloadConfigResponseSchema, told], text, outcome);
  },
};
