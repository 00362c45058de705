/** The access line: what is written of every request, whether or not it became a call. */

import type { CallOutcome, CallRecord } from "./call-record.ts";
import { integerFact, millisecondsFact, rememberedFact, textFact } from "./log-fact.ts";
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

/** Longest account of an error in a line, in characters. */
const errorLengthMax = 4096;

/** Message and inner cause of an error, for the log only. */
function causeText(error: unknown): string {
  return wholeCauseText(error).slice(0, errorLengthMax);
}

function wholeCauseText(error: unknown): string {
  if (!(error instanceof Error)) return thrownText(error);
  const { cause } = error;
  if (cause instanceof Error) return `${error.message}: ${cause.stack ?? cause.message}`;
  return cause === undefined ? error.message : `${error.message}: ${thrownText(cause)}`;
}

/** What was thrown that is no error. An object is not asked for its text: it may have none, or throw. */
function thrownText(thrown: unknown): string {
  const isObject = typeof thrown === "object" && thrown !== null;
  return isObject ? Object.prototype.toString.call(thrown) : String(thrown);
}

/** Writes a line; absent facts are left out. */
export type AccessLog = (record: CallRecord, access: AccessOutcome) => void;

/** A writer of access lines. Their fields are fixed and none can hold a secret. */
export function createAccessLog(logger: Logger): AccessLog {
  return (record, access) => {
    const { outcome, status } = access;
    const level = outcome?.level ?? (status !== undefined && status >= 500 ? "error" : "info");
    if (!logger.isLevelEnabled(level)) return;
    logger.writeFacts(level, factsOf(record, access), outcome === undefined ? "request" : "call");
  };
}

const listenerFact = rememberedFact("listener");
const clientFact = rememberedFact("client");
const methodFact = rememberedFact("http_method");
const versionFact = rememberedFact("http_version");
const endpointFact = rememberedFact("endpoint");
const procedureFact = rememberedFact("procedure");
const codeFact = rememberedFact("code");
const principalFact = rememberedFact("principal");

function factsOf(record: CallRecord, { outcome, status, elapsedMs }: AccessOutcome): string {
  return (
    textFact("request_id", record.requestId) +
    listenerFact(record.listener) +
    clientFact(record.clientAddress) +
    methodFact(record.httpMethod) +
    versionFact(record.httpVersion) +
    endpointFact(record.endpoint) +
    procedureFact(outcome?.procedure) +
    codeFact(outcome?.code) +
    textFact("reason", outcome?.reason) +
    integerFact("status", status) +
    principalFact(record.principal) +
    textFact("model", record.model) +
    millisecondsFact("elapsed_ms", elapsedMs) +
    millisecondsFact("upstream_ms", record.upstreamMs) +
    textFact("error", outcome?.error === undefined ? undefined : causeText(outcome.error))
  );
}
