/** `polygate core`: the reference chat core, with flags for its speed and its failures. */

import { z } from "zod";
import { host } from "#config/address.ts";
import { type FlagRow, flagsFrom } from "#config/flags.ts";
import type { CoreServerOptions } from "#core-server.ts";
import { createLogger, type Logger } from "#observability/logger.ts";
import { folded } from "#terminal/folded-text.ts";
import { type Problem, problemText } from "#yaml/problem.ts";
import { numberBetween, wholeNumber } from "#yaml/scalar.ts";
import { commandHelp } from "./help.ts";
import { exitOnCrash, flushAtEnd, stopAsked } from "./lifetime.ts";
import { startFailureText } from "./start-failure.ts";
import type { Terminal } from "./terminal.ts";

/** Its flags. */
export const coreRows = [
  { name: "host", value: "address", fallback: "127.0.0.1", description: "address to listen on" },
  { name: "port", value: "port", fallback: "8001", description: "port; 0 lets the system choose" },
  { name: "latency-ms", value: "ms", fallback: "0", description: "wait before the first token" },
  { name: "token-interval-ms", value: "ms", fallback: "0", description: "wait between tokens" },
  {
    name: "failure-rate",
    value: "share",
    fallback: "0",
    description: "share of calls that fail, 0 to 1",
  },
  {
    name: "fail-after-tokens",
    value: "count",
    fallback: "0",
    description: "a stream breaks after this many tokens; 0 means never",
  },
  {
    name: "seed",
    value: "number",
    fallback: "1",
    description: "seed that failures are drawn from",
  },
  {
    name: "log-level",
    value: "level",
    fallback: "info",
    description: "debug, info, warn or error",
  },
  { name: "help", description: "print this" },
] as const satisfies readonly (FlagRow & { fallback?: string })[];

const dayMs = 86_400_000;
const values = z.object({
  host: host(),
  port: wholeNumber(0, 65_535),
  "latency-ms": numberBetween(0, dayMs),
  "token-interval-ms": numberBetween(0, dayMs),
  "failure-rate": numberBetween(0, 1),
  "fail-after-tokens": wholeNumber(0, 1_000_000),
  seed: wholeNumber(0, 4_294_967_295),
  "log-level": z.enum(["debug", "info", "warn", "error"], "expected debug, info, warn or error"),
});

/** What `core` needs of a running core. */
export interface CoreServing extends AsyncDisposable {
  readonly url: string;
  /** Takes no more calls; resolves when those in progress have ended. */
  drain(): Promise<void>;
}

/** Runs a core until SIGTERM or SIGINT, then drains. Returns the exit code. */
export async function core(
  argv: readonly string[],
  terminal: Terminal,
  start: (options: CoreServerOptions, logger: Logger) => Promise<CoreServing>,
): Promise<number> {
  const flags = flagsFrom(argv, coreRows);
  if (flags.values.has("help")) {
    terminal.out(folded(commandHelp("polygate core [flags]", coreRows), terminal.columns));
    return 0;
  }
  const given = coreRows.map((row) => [
    row.name,
    flags.values.get(row.name)?.[0] ?? ("fallback" in row ? row.fallback : undefined),
  ]);
  const checked = values.safeParse(Object.fromEntries(given));
  const problems: Problem[] = [...flags.problems];
  for (const { path, message } of checked.error?.issues ?? []) {
    problems.push({ where: `flag --${path.join()}`, path: "", message });
  }
  if (!checked.success || problems.length > 0) {
    for (const problem of problems) terminal.err(problemText(problem));
    return 1;
  }
  const options = optionsFrom(checked.data);
  const { host, port } = options;
  const level = checked.data["log-level"];
  const format = terminal.terminals.includes("stdout") ? "text" : "json";
  const logger = createLogger({ level, format, output: "stdout" });
  exitOnCrash(logger);
  await using _flush = flushAtEnd(logger);
  const stop = stopAsked(logger, (signal) =>
    logger.warn({ signal }, "a core has no configuration to read again"),
  );
  let running: CoreServing;
  try {
    running = await start(options, logger);
  } catch (error) {
    terminal.err(
      `the core could not start: ${startFailureText(error, [{ name: "core", host, port }])}`,
    );
    return 1;
  }
  {
    await using _running = running;
    const listeners = [{ name: "core", url: running.url, serves: ["rpc"] }];
    logger.info({ listeners }, "listening");
    logger.info({ signal: await stop }, "draining");
    await running.drain();
  }
  logger.info("stopped");
  return 0;
}

function optionsFrom(flags: z.output<typeof values>): CoreServerOptions {
  return {
    host: flags.host,
    port: flags.port,
    latencyMs: flags["latency-ms"],
    tokenIntervalMs: flags["token-interval-ms"],
    failureRate: flags["failure-rate"],
    failAfterTokens: flags["fail-after-tokens"],
    seed: flags.seed,
  };
}
