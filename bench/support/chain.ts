/** The full chain in front of a trivial chat service, for every server that Connect's routes fit. */

import { createHash } from "node:crypto";
import { type ConnectRouter, createContextValues, type Interceptor } from "@connectrpc/connect";
import { systemClock, timeLimit } from "#core/clock.ts";
import { requestIdOf } from "#entry/entry.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type ChainOptions, interceptorChain } from "#interceptors/chain.ts";
import { callRecordKey } from "#interceptors/context.ts";
import { ownLimitsOnly } from "#limits/limit-options.ts";
import { MemoryLimits } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import { createMetrics } from "#metrics.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { createLogger } from "#observability/logger.ts";
import { createStats } from "#observability/stats.ts";
import { answerTo, benchKey, messagesPerStream, pieceFor } from "./chat.ts";

const plenty = 1e9;

/** What the chain writes to: a log at its default level, and metrics. */
export const deps = {
  clock: systemClock,
  logger: createLogger({ level: "info", format: "json", output: "stdout" }),
  metrics: createMetrics(),
  stats: createStats(systemClock),
};

/** API key, a bucket that never runs dry, a time limit that never passes. */
export const chainOptions = {
  auth: {
    enabled: true,
    keys: [
      {
        name: "bench",
        sha256: createHash("sha256").update(benchKey).digest("hex"),
        scopes: [],
      },
    ],
    anonymousScopes: [],
    failuresPerMinute: 30,
  },
  timeoutMs: 30_000,
} satisfies ChainOptions;

/** One bucket a call, which never runs dry. */
export const limiter = new Limiter(
  { ...ownLimitsOnly, client: { requests: { capacity: plenty, perSecond: plenty } } },
  { store: new MemoryLimits(1_000, deps.clock), clock: deps.clock },
);

/** Access log, metrics, errors, time limit, API key, scopes, token bucket, validation. */
export const chain = interceptorChain(chainOptions, { ...deps, limiter });

type Watched = Parameters<ReturnType<Interceptor>>[0];

/** Passes a stream's messages on and tells its end. */
async function* watched(messages: AsyncIterable<never>, ended: (failure?: unknown) => void) {
  try {
    yield* messages;
    ended();
  } catch (thrown) {
    const failure = chain.policy.translate(thrown);
    ended(failure);
    throw failure;
  }
}

/** What the gateway's own call path does by itself, for servers that know interceptors only. */
const policy: Interceptor = (next) => {
  const begin = new Map<string, ReturnType<typeof chain.policy.observer>>();
  return async (request: Watched) => {
    const { name } = request.method;
    const begun = begin.get(name) ?? chain.policy.observer(request.method);
    begin.set(name, begun);
    const ended = begun(request.contextValues);
    const limit = timeLimit(chain.policy.timeoutMs, request.signal);
    try {
      const response = await next({ ...request, signal: limit.signal });
      if (response.stream) {
        const messages = response.message as AsyncIterable<never>;
        return { ...response, message: watched(messages, ended) };
      }
      ended();
      return response;
    } catch (thrown) {
      const failure = chain.policy.translate(thrown);
      ended(failure);
      throw failure;
    } finally {
      limit[Symbol.dispose]();
    }
  };
};

/** The same chain for stock Connect. */
export const stockInterceptors: Interceptor[] = [policy, ...chain.interceptors];

/** Mounts the chat service. */
export function routes(router: ConnectRouter): void {
  router.service(ChatService, {
    chat: answerTo,
    async *streamChat(request) {
      for (let sent = 0; sent < messagesPerStream; sent += 1) {
        yield pieceFor(request);
      }
    },
  });
}

/** The record of a request that came by no request entry. */
export function recordOf(requestId: string): CallRecord {
  return {
    requestId,
    listener: "bench",
    port: 0,
    clientAddress: "127.0.0.1",
    httpMethod: "POST",
    httpVersion: "2",
    startMs: systemClock.nowMs(),
    endpoint: "chat",
    status: 0,
    called: false,
  };
}

/** What a request gets where the gateway's own entry is not in front: its id and its record. */
export function contextValues() {
  return createContextValues().set(callRecordKey, recordOf(requestIdOf()));
}
