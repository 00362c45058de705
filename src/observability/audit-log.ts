/** The audit log: who was allowed or denied what, one JSON line a decision, apart from the log and without payloads. */

import type { CallOutcome, CallRecord } from "./call-record.ts";
import { openLineStream } from "./line-stream.ts";
import { textFact, timeFact } from "./log-fact.ts";
import { createLogOutput, type LogOutput } from "./log-output.ts";

/** Takes every request that has ended, and writes of those in which something was decided. */
export interface AuditLog extends AsyncDisposable {
  /** `outcome` is that of the call, where the request became one. */
  ended(record: CallRecord, outcome: CallOutcome | undefined): void;
  /** The file may have been moved away: its path is opened again. */
  reopen(): void;
}

/** Where the lines go. */
export interface AuditOptions {
  /** stdout, stderr, or the absolute path of a file. */
  readonly output: string;
}

/** What an audit log tells besides its lines. */
export interface AuditDeps {
  /** So many lines could not be written. */
  readonly onLost: (lines: number) => void;
}

/** Characters that may wait for a reader who stalls, or a disk. */
const waitingMax = 4 * 1024 * 1024;

/** The line of a request; undefined where nothing was decided but that anybody may do this. */
export function auditLine(
  record: CallRecord,
  outcome: CallOutcome | undefined,
): string | undefined {
  const { refusal } = record;
  const { scope, denied = false, reason, code, message } = outcome ?? {};
  const isDenied = denied || refusal !== undefined;
  if (!isDenied && scope === undefined) return undefined;
  const decision = isDenied ? "denied" : "allowed";
  const why = isDenied ? message : `the caller holds the scope ${scope}`;
  const facts =
    timeFact() +
    textFact("decision", decision) +
    textFact("request_id", record.requestId) +
    textFact("principal", record.principal ?? "anonymous") +
    textFact("client", record.clientAddress) +
    textFact("listener", record.listener) +
    textFact("surface", record.surface) +
    textFact("action", outcome?.procedure ?? record.endpoint) +
    textFact("target", record.target) +
    textFact("scope", scope) +
    textFact("code", code) +
    textFact("reason", refusal ?? reason) +
    textFact("why", why);
  return `{${facts.slice(1)}}\n`;
}

/** Opens the log. Throws the system's error for a file that cannot be written. */
export function openAuditLog({ output }: AuditOptions, { onLost }: AuditDeps): AuditLog {
  const { stream, file } = openLineStream(output, onLost);
  const lines: LogOutput = createLogOutput({ stream, waitingMax, onDropped: onLost });
  return {
    ended(record, outcome) {
      const line = auditLine(record, outcome);
      if (line !== undefined) lines.write(line);
    },
    reopen: () => file?.reopen(),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => lines.flush(resolve));
      file?.destroy();
    },
  };
}
