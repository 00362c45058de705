/** The log: pino with the fields that must never be written taken out; no global instance. */

import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";

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

/** A logger that writes whole lines; `stream` replaces the process's own output. */
export function createLogger(options: LoggerOptions, stream?: DestinationStream): Logger {
  const output = stream ?? destination({ dest: options.output === "stdout" ? 1 : 2, sync: true });
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: "[redacted]" },
    },
    options.format === "json" ? output : { write: (line) => output.write(textLine(line)) },
  );
}
