/** The access line: what is written of every request, whether or not it became a call. */

import type { CallOutcome, CallRecord } from "./call-record.ts";
import type { Logger } from "./logger.ts";

/** How the request went. */
export interface AccessOutcome {
  /** Milliseconds from arrival to end. */
  readonly elapsedMs: number;
  /** Absent for requests that never became a call. */
  readonly outcome?: CallOutcome;
  /** HTTP status, for requests that never became a call. */
  readonly status?: number;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Longest account of an error in a line, in characters. */
const errorLengthMax = 4096;

/** Message and inner cause of an error, for the log only. */
function causeText(error: unknown): string {
  return wholeCauseText(error).slice(0, errorLengthMax);
}

function wholeCauseText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return `${error.message}: ${cause.stack ?? cause.message}`;
  return cause === undefined ? error.message : `${error.message}: ${String(cause)}`;
}

/** Writes a line; absent facts are left out. */
export type AccessLog = (record: CallRecord, access: AccessOutcome) => void;

/**
 * A writer of access lines. Their fields are fixed and none can hold a secret, so that they need
 * not be searched for one, which costs more than writing them.
 */
export function createAccessLog(parent: Logger): AccessLog {
  const logger = parent.child({}, { redact: [] });
  return (record, access) => writeLine(logger, record, access);
}

function writeLine(logger: Logger, record: CallRecord, access: AccessOutcome): void {
  const { outcome, status, elapsedMs } = access;
  const level = outcome?.level ?? (status !== undefined && status >= 500 ? "error" : "info");
  if (!logger.isLevelEnabled(level)) return;
  logger[level](
    {
      request_id: record.requestId,
      listener: record.listener,
      client: record.clientAddress,
      http_method: record.httpMethod,
      http_version: record.httpVersion,
      endpoint: record.endpoint,
      procedure: outcome?.procedure,
      code: outcome?.code,
      reason: outcome?.reason,
      status,
      principal: record.principal,
      model: record.model,
      elapsed_ms: round(elapsedMs),
      upstream_ms: record.upstreamMs === undefined ? undefined : round(record.upstreamMs),
      error: outcome?.error === undefined ? undefined : causeText(outcome.error),
    },
    outcome === undefined ? "request" : "call",
  );
}
