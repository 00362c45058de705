/** The reference PolyAgent core: deterministic answers, tools that compute, real token counts. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { createTurns } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import {
  type ChatRequest,
  type ChatResponse,
  ChatResponseSchema,
  type Model,
  ModelSchema,
  type StreamChatResponse,
  StreamChatResponseSchema,
  type ToolCall,
  type Usage,
  UsageSchema,
} from "#gen/polyagent/core/v1/core_pb.js";
import { answerTo } from "./answer.ts";
import { checkRequest, promptText } from "./request.ts";
import { loadTokenizer, type Tokenizer } from "./tokenizer.ts";
import { createToolbox } from "./tools/toolbox.ts";

/** The one model of the reference core. */
export const agentModel = "polyagent-reference-1";

/** How the core behaves beside its answers, for tests and benchmarks; all zero in service. */
export interface AgentOptions {
  /** Milliseconds before the first token. */
  readonly latencyMs: number;
  /** Milliseconds between one token and the next. */
  readonly tokenIntervalMs: number;
  /** Share of calls that fail with BACKEND_LOST (UNAVAILABLE) before the first token, 0 to 1. */
  readonly failureRate: number;
  /** A stream breaks with BACKEND_LOST after this many pieces; 0 means never. */
  readonly failAfterTokens: number;
}

/** A core that answers at once and never fails by itself. */
export const plainAgent: AgentOptions = {
  latencyMs: 0,
  tokenIntervalMs: 0,
  failureRate: 0,
  failAfterTokens: 0,
};

/** What a call may be ended by. */
interface AgentCall {
  /** When it aborts, waiting ends and its reason is thrown. */
  readonly signal: AbortSignal;
}

/** Answers chat. Fails with REQUEST_INVALID, MODEL_UNKNOWN and BACKEND_LOST (as options say). */
export interface Agent {
  /** One whole answer, after as long as streaming it would take. */
  chat(request: ChatRequest, call: AgentCall): Promise<ChatResponse>;
  /** The same answer: tool calls first, then a piece a token, last the usage. */
  streamChat(request: ChatRequest, call: AgentCall): AsyncIterable<StreamChatResponse>;
  /** The one model. */
  listModels(): readonly Model[];
  /** Loads tokenizer and tools, so that the first call does not wait for them. */
  warmUp(): Promise<void>;
}

/** An answer cut to the tokens asked for. */
interface Written {
  readonly toolCalls: readonly ToolCall[];
  readonly tokens: readonly number[];
  readonly tokenizer: Tokenizer;
  readonly finishReason: string;
  readonly usage: Usage;
}

/** Pieces that a stream gives before it lets others compute. */
const piecesPerTurn = 64;

/** Builds the core. `rng` draws the failures, so a seeded one repeats them. */
export function createAgent(
  options: AgentOptions,
  deps: { readonly clock: Clock; readonly rng: Rng },
): Agent {
  const { clock, rng } = deps;
  const toolbox = createToolbox(clock);
  const nextTurn = createTurns();

  async function write(request: ChatRequest, signal: AbortSignal): Promise<Written> {
    checkRequest(request, agentModel);
    await pause(clock, options.latencyMs, signal);
    if (rng.next() < options.failureRate) {
      throw fault("BACKEND_LOST", "the core fails as often as its failure rate says");
    }
    const [answer, tokenizer] = await Promise.all([answerTo(request, toolbox), loadTokenizer()]);
    const work = { nextTurn, signal };
    const whole = await tokenizer.encode(answer.content, work);
    const tokens = whole.slice(0, request.maxTokens);
    const { toolCalls } = answer;
    const finishReason = tokens.length < whole.length ? "length" : answer.finishReason;
    const usage = usageOf(await tokenizer.count(promptText(request), work), tokens.length);
    return { toolCalls, tokens, tokenizer, finishReason, usage };
  }

  return {
    async chat(request, { signal }) {
      const { toolCalls, tokens, tokenizer, finishReason, usage } = await write(request, signal);
      await pause(clock, options.tokenIntervalMs * Math.max(0, tokens.length - 1), signal);
      return create(ChatResponseSchema, {
        content: tokenizer.decode(tokens),
        toolCalls: [...toolCalls],
        usage,
        model: agentModel,
        finishReason,
      });
    },

    async *streamChat(request, { signal }) {
      const { toolCalls, tokens, tokenizer, finishReason, usage } = await write(request, signal);
      const piece = (init: MessageInitShape<typeof StreamChatResponseSchema>) =>
        create(StreamChatResponseSchema, { ...init, model: agentModel });
      if (toolCalls.length > 0) yield piece({ toolCalls: [...toolCalls] });
      let sent = 0;
      for (const delta of tokenizer.pieces(tokens)) {
        if (options.failAfterTokens > 0 && sent === options.failAfterTokens) {
          throw fault(
            "BACKEND_LOST",
            `the core breaks off after ${sent} tokens, as it was told to`,
          );
        }
        if (sent > 0) await pause(clock, options.tokenIntervalMs, signal);
        if (sent > 0 && sent % piecesPerTurn === 0) await nextTurn();
        signal.throwIfAborted();
        yield piece({ delta });
        sent += 1;
      }
      yield piece({ finishReason, usage });
    },

    listModels: () => [
      create(ModelSchema, {
        id: agentModel,
        provider: "polygate",
        capabilities: ["text", "tools"],
      }),
    ],

    async warmUp() {
      await Promise.all([loadTokenizer(), toolbox.warmUp()]);
    },
  };
}

function usageOf(promptTokens: number, completionTokens: number): Usage {
  return create(UsageSchema, {
    promptTokens,
    completionTokens,
    totalTokens: promptTokens + completionTokens,
  });
}

async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms > 0) await clock.sleep(ms, signal);
}
