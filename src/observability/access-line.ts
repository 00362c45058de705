/** The access line: what is written of every request, whether or not it became a call. */

import type { Clock } from "#core/clock.ts";
import type { AuditLog } from "./audit-log.ts";
import type { CallJournal } from "./call-journal.ts";
import type { CallOutcome, CallRecord } from "./call-record.ts";
import type { CallTraces } from "./call-traces.ts";
import { causeText } from "./cause-text.ts";
import { integerFact, millisecondsFact, rememberedFact, textFact } from "./log-fact.ts";
import type { Logger } from "./logger.ts";

/**
 * Writes one line per request: when its exchange has ended and its call, where it became one, has
 * too. Absent facts are left out.
 */
export interface AccessLog {
  callBegan(record: CallRecord): void;
  callEnded(record: CallRecord, outcome: CallOutcome): void;
  /** `elapsedMs` after it began. */
  exchangeEnded(record: CallRecord, status: number, elapsedMs: number): void;
}

/** What requests that have ended are written to. */
export interface AccessLogDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Takes calls that have ended, for all that shows them. */
  readonly journal?: Pick<CallJournal, "add"> | undefined;
  /** Takes every request that has ended, for what was decided in it. */
  readonly audit?: Pick<AuditLog, "ended"> | undefined;
  /** Takes calls that have ended, for those that are traced; absent where none is. */
  readonly traces?: Pick<CallTraces, "ended"> | undefined;
}

/** A writer of access lines. Their fields are fixed and none can hold a secret. */
export function createAccessLog(deps: AccessLogDeps): AccessLog {
  const { logger, clock, journal, audit, traces } = deps;
  const write = (record: CallRecord, outcome: CallOutcome | undefined, elapsedMs: number) => {
    if (outcome !== undefined && outcome.uncounted !== true && record.uncounted !== true) {
      journal?.add(record, outcome, elapsedMs);
    }
    audit?.ended(record, outcome);
    if (traces !== undefined && outcome !== undefined) traces.ended(record, outcome, elapsedMs);
    const level = outcome?.level ?? levelOf(record);
    if (!logger.isLevelEnabled(level)) return;
    const message = outcome === undefined ? "request" : "call";
    logger.writeFacts(level, factsOf(record, outcome, elapsedMs), message);
  };
  return {
    callBegan(record) {
      record.called = true;
    },
    callEnded(record, outcome) {
      if (record.status === undefined) record.outcome = outcome;
      else write(record, outcome, clock.nowMs() - record.startMs);
    },
    exchangeEnded(record, status, elapsedMs) {
      record.status = status;
      if (!record.called || record.outcome !== undefined) write(record, record.outcome, elapsedMs);
    },
  };
}

function levelOf({ level, status }: CallRecord): "debug" | "info" | "error" {
  return level ?? (status !== undefined && status >= 500 ? "error" : "info");
}

const listenerFact = rememberedFact("listener");
const clientFact = rememberedFact("client");
const methodFact = rememberedFact("http_method");
const versionFact = rememberedFact("http_version");
const endpointFact = rememberedFact("endpoint");
const procedureFact = rememberedFact("procedure");
const codeFact = rememberedFact("code");
const principalFact = rememberedFact("principal");
const upstreamFact = rememberedFact("upstream");

/** Where the call was tried and how that ended, such as core-1:BACKEND_LOST,core-2:OK. */
function triesText({ tries }: CallRecord): string | undefined {
  return tries?.map(({ endpoint, outcome }) => `${endpoint}:${outcome}`).join(",");
}

/** What leads from a line to the trace of its call. */
function traceFact({ trace }: CallRecord): string {
  return trace === undefined
    ? ""
    : textFact("trace_id", trace.traceId) + textFact("span_id", trace.spanId);
}

function factsOf(record: CallRecord, outcome: CallOutcome | undefined, elapsedMs: number): string {
  const { attempts = 1 } = record;
  const error = outcome?.error ?? record.failure;
  return (
    textFact("request_id", record.requestId) +
    traceFact(record) +
    listenerFact(record.listener) +
    clientFact(record.clientAddress) +
    methodFact(record.httpMethod) +
    versionFact(record.httpVersion) +
    endpointFact(record.endpoint) +
    textFact("path", record.path) +
    procedureFact(outcome?.procedure) +
    codeFact(outcome?.code) +
    textFact("reason", outcome?.reason) +
    integerFact("status", record.status) +
    principalFact(record.principal) +
    textFact("model", record.model) +
    upstreamFact(record.upstream) +
    integerFact("attempts", attempts > 1 ? attempts : undefined) +
    textFact("tries", attempts > 1 ? triesText(record) : undefined) +
    millisecondsFact("elapsed_ms", elapsedMs) +
    millisecondsFact("upstream_ms", record.upstreamMs) +
    millisecondsFact("queue_ms", record.queueMs) +
    millisecondsFact("drained_ms", record.drainedMs) +
    textFact("error", error === undefined ? undefined : causeText(error))
  );
}
