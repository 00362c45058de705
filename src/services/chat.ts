/** ChatService: a conversation in, a core's answer out, whole or in pieces. */

import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ChatBackend } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import type {
  StreamChatResponse as CorePiece,
  ChatRequest as CoreRequest,
  ChatResponse as CoreResponse,
} from "#gen/polyagent/core/v1/core_pb.js";
import type { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Stats } from "#observability/stats.ts";
import type { AttemptCall, Dispatch, Route } from "#routing/dispatch.ts";
import { backendCallOf } from "./backend-call.ts";
import {
  chatPiece,
  chatResponse,
  coreQuery,
  coreRequest,
  lastPiece,
  usageOf,
} from "./chat-messages.ts";
import type { Meter } from "./meter.ts";

/** What ChatService needs. */
export interface ChatDeps {
  readonly clock: Clock;
  readonly stats: Stats;
  readonly meter: Meter;
  readonly dispatch: Dispatch;
  readonly route: Route<ChatBackend>;
  /** Kind of the backends behind the route: polyagent or embedded. */
  readonly kind: string;
}

/** Cores have no price. */
const cost = 0;

/** The service over one route of chat backends. */
export function createChatService(deps: ChatDeps): ServiceImpl<typeof ChatService> {
  const { clock, dispatch, route, kind, meter, stats } = deps;
  const elapsedMsOf = (record: CallRecord) => clock.nowMs() - record.startMs;
  const asks = (record: CallRecord, { endpoint }: AttemptCall) => {
    record.upstream = endpoint;
    record.attempts = (record.attempts ?? 0) + 1;
  };
  const answered = (record: CallRecord, answer: CoreResponse | CorePiece) => {
    const { model } = answer;
    const tokens = usageOf(answer).totalTokens;
    record.model = model;
    stats.add("model", model, elapsedMsOf(record), { failed: false, tokens, cost });
    stats.use("backend", record.upstream ?? kind, { tokens, cost });
  };

  async function ask(request: CoreRequest, context: HandlerContext): Promise<CoreResponse> {
    const record = context.values.get(callRecordKey);
    const answer = await meter.run({ backend: kind, record }, () =>
      dispatch.call(
        route,
        (backend, call) => {
          asks(record, call);
          return backend.chat(request, call);
        },
        backendCallOf(context),
      ),
    );
    answered(record, answer);
    return answer;
  }

  return {
    async chat(request, context) {
      if (request.stream) {
        const description = "StreamChat answers as a stream";
        throw fault("REQUEST_INVALID", `stream: ${description}`, {
          fields: [{ field: "stream", description }],
        });
      }
      const answer = await ask(coreRequest(request), context);
      const record = context.values.get(callRecordKey);
      return chatResponse(answer, { elapsedMs: elapsedMsOf(record), cost });
    },

    async *streamChat(request, context) {
      const record = context.values.get(callRecordKey);
      const toolsCalled: string[] = [];
      const asked = coreRequest(request);
      const end = meter.begin({ backend: kind, record, signal: context.signal });
      try {
        const pieces = dispatch.stream(
          route,
          (backend, call) => {
            asks(record, call);
            return backend.streamChat(asked, call);
          },
          backendCallOf(context),
        );
        let whole = false;
        // To the end, not to the last piece: leaving before it would cancel the core's call.
        for await (const piece of pieces) {
          toolsCalled.push(...piece.toolCalls.map(({ name }) => name));
          if (piece.finishReason === "") {
            yield chatPiece(piece);
            continue;
          }
          answered(record, piece);
          yield lastPiece(piece, toolsCalled, { elapsedMs: elapsedMsOf(record), cost });
          whole = true;
        }
        if (!whole) {
          throw fault("BACKEND_FAILED", "the core ended its answer before the last piece");
        }
        end();
      } catch (thrown) {
        end(thrown);
        throw thrown;
      } finally {
        end(new DOMException("the client left", "AbortError"));
      }
    },

    async query(request, context) {
      const answer = await ask(coreQuery(request), context);
      const record = context.values.get(callRecordKey);
      return {
        response: answer.content,
        routedVia: route.pool.name,
        processingTimeMs: Math.round(elapsedMsOf(record)),
        modelUsed: answer.model,
        usage: usageOf(answer),
      };
    },
  };
}
