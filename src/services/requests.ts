/** RequestsService: recent calls, one by one, and as they end. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { threeDigits } from "#core/three-digits.ts";
import { blameOf } from "#errors/blame.ts";
import { fault } from "#errors/fault.ts";
import type {
  RequestAttemptSchema,
  RequestEntrySchema,
  RequestFilter,
  RequestsService,
} from "#gen/polygate/v1/requests_pb.js";
import type { TryFacts } from "#observability/call-record.ts";
import type { RecentCall, RecentCalls } from "#observability/recent-calls.ts";
import { Decision } from "#routing/decision.ts";
import { decisionOf } from "./decisions.ts";
import { pageOf } from "./page-token.ts";
import { Watches, type WatchesOptions } from "./watches.ts";

/** What RequestsService needs. */
export interface RequestsDeps extends WatchesOptions {
  readonly calls: RecentCalls;
}

const pageSizeDefault = 100;

/** Whether a call is among those that a filter means. */
function isMeant(call: RecentCall, filter: RequestFilter | undefined): boolean {
  if (filter === undefined) return true;
  const { provider, procedure, status, durationMsMin = 0 } = filter;
  const same = (["model", "reason", "principal", "requestId", "surface"] as const).every(
    (field) => filter[field] === "" || filter[field] === call[field],
  );
  return (
    same &&
    call.procedure.startsWith(procedure) &&
    call.durationMs >= durationMsMin &&
    (status === "" || (status === "ok") === (call.code === "OK")) &&
    (provider === "" || call.tries.some(({ pool }) => pool === provider))
  );
}

function entryOf(call: RecentCall): MessageInitShape<typeof RequestEntrySchema> {
  const { startMs: _, startWallMs, tries, ...facts } = call;
  const last = tries.at(-1);
  const firstMs = last?.firstMs;
  return {
    requestId: facts.requestId,
    sequence: facts.sequence,
    startTime: timestampFromMs(startWallMs),
    procedure: facts.procedure,
    surface: facts.surface,
    listener: facts.listener,
    endpoint: facts.endpoint,
    clientAddress: facts.clientAddress,
    principal: facts.principal,
    model: facts.model,
    provider: last?.pool ?? "",
    upstream: last?.endpoint ?? "",
    attempts: tries.length,
    code: facts.code,
    reason: facts.reason,
    blame: facts.code === "OK" ? "" : blameOf(facts.reason),
    error: facts.error,
    httpStatus: facts.httpStatus,
    durationMs: threeDigits(facts.durationMs),
    upstreamMs: threeDigits(facts.upstreamMs),
    queueMs: threeDigits(facts.queueMs),
    drainedMs: threeDigits(facts.drainedMs),
    traceId: facts.traceId,
    ...(firstMs === undefined ? {} : { firstMessageMs: threeDigits(firstMs) }),
    promptTokens: facts.promptTokens,
    completionTokens: facts.completionTokens,
    cost: facts.cost,
  };
}

function attemptOf(call: RecentCall, one: TryFacts): MessageInitShape<typeof RequestAttemptSchema> {
  const { pool, endpoint, model, algorithm, outcome, startedMs, elapsedMs, firstMs } = one;
  return {
    ...{ provider: pool, endpoint, model, strategy: algorithm, outcome },
    blame: outcome === "OK" ? "" : blameOf(outcome),
    startMs: threeDigits(startedMs - call.startMs),
    ...(firstMs === undefined ? {} : { firstMessageMs: threeDigits(firstMs) }),
    durationMs: threeDigits(elapsedMs),
    ...decisionPart(call, one),
  };
}

/** Why a try went where it did, where routing decided. */
function decisionPart(call: RecentCall, one: TryFacts) {
  const { decision } = one;
  if (!(decision instanceof Decision)) return {};
  const start = { ...one, requestId: call.requestId, decision, attempt: one.attempt ?? 1 };
  return { decision: decisionOf(start, call.startWallMs + one.startedMs - call.startMs) };
}

/** The service over the latest calls. */
export function createRequestsService(deps: RequestsDeps): ServiceImpl<typeof RequestsService> {
  const { calls } = deps;
  const watches = new Watches(deps);
  return {
    listRequests({ filter, pageSize: size = pageSizeDefault, pageToken: token }) {
      const { items, nextPageToken } = pageOf(calls.ring.newestFirst(), {
        ...{ token, size },
        wants: (call) => isMeant(call, filter),
      });
      const { count: kept } = calls.ring;
      return { requests: items.map(entryOf), nextPageToken, kept, lost: calls.lost };
    },
    getRequest({ requestId }) {
      for (const call of calls.ring.newestFirst()) {
        if (call.requestId !== requestId) continue;
        const { requestBody, responseBody, tries } = call;
        return {
          request: entryOf(call),
          attempts: tries.map((one) => attemptOf(call, one)),
          ...(requestBody === undefined ? {} : { requestBody }),
          ...(responseBody === undefined ? {} : { responseBody }),
        };
      }
      throw fault("NOT_FOUND", "request_id: no call of this id is kept");
    },
    async *watchRequests({ filter }, context) {
      const wants = (call: RecentCall) => isMeant(call, filter);
      for await (const { item, missed } of watches.of(calls.feed, wants, context)) {
        yield item === undefined ? { missed } : { request: entryOf(item), missed };
      }
    },
  };
}
