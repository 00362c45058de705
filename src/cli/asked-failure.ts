/** Why a command failed, on one line: reason, field, hint; and the exit code that says so. */

import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { printable } from "#terminal/text-table.ts";
import { exitCallBase, exitFailed, exitUsage } from "./exit-codes.ts";

/** What is wrong with how a command was written. Its message is a whole line. */
export class UsageError extends Error {}

/** What went wrong on this side, such as a file that cannot be read. Its message is a whole line. */
export class LocalError extends Error {}

/** A failure in words, and as the exit code of the process. */
export interface Failure {
  /** One line. */
  readonly text: string;
  readonly exitCode: number;
}

/** What the reader may do about a reason, or about a code. */
const hints: Readonly<Record<string, string>> = {
  [Code.Unauthenticated]: "name a file with your key by --key-file, or set POLYGATE_API_KEY",
  [Code.PermissionDenied]: "use a key that has the scope or the model",
  [Code.Unimplemented]: "this gateway is older than the command, or its listener serves no RPCs",
  MODEL_UNKNOWN: "`polygate models` lists what can be asked for",
};

const unreachable = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ETIMEDOUT",
]);

/** The code of the system error that a connection failed by; undefined when it did not. */
function connectionFault(thrown: unknown): string | undefined {
  for (let inner = thrown; inner instanceof Error; inner = inner.cause) {
    if ("code" in inner && typeof inner.code === "string" && unreachable.has(inner.code)) {
      return inner.code;
    }
  }
  return undefined;
}

/** One line for what was thrown by a command that asks `url`. Never holds a key. */
export function failureOf(thrown: unknown, url?: string): Failure {
  if (thrown instanceof UsageError) return { text: thrown.message, exitCode: exitUsage };
  if (thrown instanceof LocalError) return { text: thrown.message, exitCode: exitFailed };
  if (!(thrown instanceof ConnectError)) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return { text: printable(text), exitCode: exitFailed };
  }
  const exitCode = exitCallBase + thrown.code;
  const fault = connectionFault(thrown);
  if (fault !== undefined) {
    const hint = "start it with `polygate serve`, or name another by --server";
    return { text: `UNAVAILABLE: ${url} does not respond: ${fault} (hint: ${hint})`, exitCode };
  }
  return { text: printable(callText(thrown)), exitCode };
}

function callText(error: ConnectError): string {
  const [info] = error.findDetails(ErrorInfoSchema);
  const reason =
    info?.reason ?? Code[error.code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  const fields = error
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations)
    .map(({ field, description }) => `${field}: ${description}`)
    .filter((text) => !error.rawMessage.includes(text));
  const pause = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const seconds = pause === undefined ? 0 : Number(pause.seconds) + pause.nanos / 1e9;
  const hint =
    seconds > 0 ? `try again in ${Math.ceil(seconds)} s` : (hints[reason] ?? hints[error.code]);
  const id = error.metadata.get("x-request-id");
  const notes = [...(hint ? [`hint: ${hint}`] : []), ...(id ? [`request ${id}`] : [])];
  const text = [`${reason}: ${error.rawMessage}`, ...fields].join("; ");
  return notes.length === 0 ? text : `${text} (${notes.join("; ")})`;
}
