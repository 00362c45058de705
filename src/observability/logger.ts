/** The log: pino with the fields that must never be written taken out; no global instance. */

import { type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { flatText } from "#core/flat-text.ts";
import { memoizeByString } from "#core/get-or-create.ts";
import { withoutCredentials } from "#core/redact.ts";
import { causeText } from "./cause-text.ts";
import { gcpLine } from "./gcp-line.ts";
import { openLineStream } from "./line-stream.ts";
import { jsonOf, jsonText, timeFact } from "./log-fact.ts";
import { createLogOutput, type LogOutput } from "./log-output.ts";

/** Where and how much is logged. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** json: a line an event; text: the same facts for a human eye; gcp: in Cloud Logging's fields. */
  readonly format: "json" | "text" | "gcp";
  /** stdout, stderr, or the absolute path of a file. */
  readonly output: string;
  /** Google's project that traces are in, for the format gcp. */
  readonly gcpProject?: string;
}

/** Levels that lines are written at. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** pino, and a way past it for lines that are written of every call. */
export interface Logger extends PinoLogger {
  /**
   * Writes a line whose fields are JSON already, as `log-fact` makes it. Nothing in them is
   * searched for secrets, and `level` is not asked whether it is on: the caller has.
   */
  writeFacts(level: LogLevel, facts: string, message: string): void;
  /** The file that lines go to may have been moved away: its path is opened again. */
  reopen(): void;
}

/** Fields whose values are replaced, at any of the depths that log lines have. */
const secretPaths = [
  "authorization",
  "x-api-key",
  "cookie",
  "secret",
  "password",
  "key",
  "token",
].flatMap((name) => [`["${name}"]`, `*["${name}"]`, `headers["${name}"]`]);

const lineStart = memoizeByString((level) => flatText(`{"level":"${level}"`));
const lineEnd = memoizeByString((message) => flatText(`,"msg":${jsonText(message)}}\n`));

/** Fields without what is too long in their texts. */
function bounded(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? JSON.parse(jsonText(value)) : value,
    ]),
  );
}

/** An error as lines have it, whoever has thrown it and whatever is in its words. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return withoutCredentials(String(error));
  const { name, message, stack = "", cause } = error;
  return {
    type: name,
    message: withoutCredentials(message),
    stack: withoutCredentials(stack),
    ...(cause === undefined ? {} : { cause: causeText(cause) }),
  };
}

/** The text itself where nothing in it could be mistaken for something else; else as JSON. */
function valueText(value: unknown, plain: RegExp): string {
  return typeof value === "string" && plain.test(value) ? value : jsonOf(value);
}

/** One JSON line as `time LEVEL message key=value …`. */
function textLine(line: string): string {
  const { level, time, msg = "", ...rest } = JSON.parse(line) as Record<string, unknown>;
  const facts = Object.entries(rest).map(
    ([key, value]) => `${valueText(key, /^[\w.-]+$/)}=${valueText(value, /^[\w.:/-]+$/)}`,
  );
  const message = valueText(msg, /^[\x20-\x7e]*$/);
  return `${[time, String(level).toUpperCase(), message, ...facts].join(" ")}\n`;
}

/** Characters that may wait for a reader who stalls: some thousands of lines. */
const waitingMax = 4 * 1024 * 1024;

/** What changes a JSON line on its way out; absent: it goes as it is. */
function rewriterOf({ format, gcpProject }: LoggerOptions): ((line: string) => string) | undefined {
  if (format === "json") return undefined;
  return format === "text" ? textLine : (line) => gcpLine(line, gcpProject);
}

/** Lines on their way to where the options say. */
interface Opened {
  readonly lines: Partial<LogOutput> & Pick<LogOutput, "write">;
  readonly reopen: () => void;
}

function openLines({ output }: LoggerOptions, onDropped: (lines: number) => void): Opened {
  // A disk that takes no line takes none that says so: stderr gets it.
  const onLost = (lines: number) =>
    process.stderr.write(`${lines} log lines were lost: ${output}\n`);
  const { stream, file } = openLineStream(output, onLost);
  return {
    lines: createLogOutput({ stream, waitingMax, onDropped }),
    reopen: () => file?.reopen(),
  };
}

/**
 * A logger that writes whole lines; `output` replaces the process's own. Throws the system's error for
 * a file that cannot be opened.
 */
export function createLogger(options: LoggerOptions, output?: Pick<LogOutput, "write">): Logger {
  const { lines, reopen }: Opened =
    output === undefined
      ? openLines(options, (dropped) => logger.warn({ lines: dropped }, "log lines were dropped"))
      : { lines: output, reopen: () => {} };
  const rewrite = rewriterOf(options);
  const out =
    rewrite === undefined
      ? lines
      : { ...lines, write: (line: string) => lines.write(rewrite(line)) };
  const plain = pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: bounded },
      serializers: { err: errorFields },
      redact: { paths: secretPaths, censor: "[redacted]" },
    },
    out,
  );
  const logger: Logger = Object.assign(plain, {
    writeFacts(level: LogLevel, facts: string, message: string) {
      out.write(lineStart(level) + timeFact() + facts + lineEnd(message));
    },
    reopen,
  });
  return logger;
}

/** Resolves when the lines so far are out, or after a second when no one reads them. */
export function flushed(logger: Logger): Promise<void> {
  return new Promise((resolve) => logger.flush(() => resolve()));
}
