/** The log: pino with the fields that must never be written taken out; no global instance. */

import { type Logger, pino, stdTimeFunctions } from "pino";
import { createLogOutput, type LogOutput } from "./log-output.ts";

/** Where and how much is logged. */
export interface LoggerOptions {
  readonly level: "debug" | "info" | "warn" | "error";
  /** json: a line an event; text: the same facts for a human eye. */
  readonly format: "json" | "text";
  readonly output: "stdout" | "stderr";
}

export type { Logger };

/** Fields whose values are replaced, at any of the depths that our lines have. */
const secretPaths = [
  "authorization",
  "x-api-key",
  "cookie",
  "secret",
  "password",
  "key",
  "token",
].flatMap((name) => [`["${name}"]`, `*["${name}"]`, `headers["${name}"]`]);

/** One JSON line as `time LEVEL message key=value …`. */
function textLine(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const facts = Object.entries(rest).map(([key, value]) =>
    typeof value === "string" ? `${key}=${value}` : `${key}=${JSON.stringify(value)}`,
  );
  return `${[time, String(level).toUpperCase(), msg, ...facts].join(" ")}\n`;
}

/** Characters that may wait for a reader who stalls: some thousands of lines. */
const waitingMax = 4 * 1024 * 1024;

/** A logger that writes whole lines; `output` replaces the process's own. */
export function createLogger(options: LoggerOptions, output?: Pick<LogOutput, "write">): Logger {
  const lines: Partial<LogOutput> & Pick<LogOutput, "write"> =
    output ??
    createLogOutput({
      stream: process[options.output],
      waitingMax,
      onDropped: (dropped) => logger.warn({ lines: dropped }, "log lines were dropped"),
    });
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: "[redacted]" },
    },
    options.format === "json"
      ? lines
      : { ...lines, write: (line: string) => lines.write(textLine(line)) },
  );
  return logger;
}

/** Resolves when the lines so far are out, or after a second when nobody reads them. */
export function flushed(logger: Logger): Promise<void> {
  return new Promise((resolve) => logger.flush(() => resolve()));
}
