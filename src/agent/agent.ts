/** The reference PolyAgent core: deterministic answers, tools that compute, real token counts. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { type Turns, turns as turnsOfProcess } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import {
  type ChatRequest,
  type ChatResponse,
  ChatResponseSchema,
  type Model,
  ModelSchema,
  type StreamChatResponse,
  StreamChatResponseSchema,
  type Usage,
  UsageSchema,
} from "#gen/polyagent/core/v1/core_pb.js";
import { type Answer, answerTo } from "./answer.ts";
import { type GenerationLimits, Generations, generationLimits } from "./generations.ts";
import { checkedPrompt, sizeOf } from "./request.ts";
import { loadTokenizer, type TokenBlock, type Tokenizer } from "./tokenizer.ts";
import { createToolbox } from "./tools/toolbox.ts";
import { inTurn, type Work } from "./work.ts";

/** The one model of the reference core. */
export const agentModel = "polyagent-reference-1";

/** How the core behaves besides its answers, for tests and benchmarks; all zero in service. */
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
  streamChat(request: ChatRequest, call: AgentCall): AsyncGenerator<StreamChatResponse, void, void>;
  /** The one model. */
  listModels(): readonly Model[];
  /** Loads tokenizer and tools, so that the first call does not wait for them. */
  warmUp(): Promise<void>;
}

/** An answer that has yet to be written. */
interface Begun {
  readonly answer: Answer;
  readonly tokenizer: Tokenizer;
  readonly written: Written;
}

/** What is known of an answer's end, while it is written. */
class Written {
  tokenCount = 0;
  readonly #promptTokens: number;
  #finishReason: string;

  constructor({ finishReason }: Answer, promptTokens: number) {
    this.#finishReason = finishReason;
    this.#promptTokens = promptTokens;
  }

  add({ tokenCount, isCut }: TokenBlock): void {
    this.tokenCount += tokenCount;
    if (isCut) this.#finishReason = "length";
  }

  ending(): { readonly finishReason: string; readonly usage: Usage } {
    const [promptTokens, completionTokens] = [this.#promptTokens, this.tokenCount];
    const totalTokens = promptTokens + completionTokens;
    return {
      finishReason: this.#finishReason,
      usage: create(UsageSchema, { promptTokens, completionTokens, totalTokens }),
    };
  }
}

/** What a core depends on. */
export interface AgentDeps {
  readonly clock: Clock;
  /** Draws the failures, so a seeded one repeats them. */
  readonly rng: Rng;
  /** Default: turns of the core's own, by the system's clock, as computing takes real time. */
  readonly turns?: Turns;
  readonly limits?: GenerationLimits;
}

/** Builds the core. */
export function createAgent(options: AgentOptions, deps: AgentDeps): Agent {
  const { clock, rng, turns = turnsOfProcess, limits = generationLimits } = deps;
  const isShaped = options.failAfterTokens > 0 || options.tokenIntervalMs > 0;
  const toolbox = createToolbox(clock);
  const generations = new Generations(limits);

  let tokenizerLoading: Promise<Tokenizer> | undefined;
  const tokenizerLoaded = () => {
    tokenizerLoading ??= loadTokenizer();
    return tokenizerLoading;
  };

  async function begin(request: ChatRequest, work: Work): Promise<Begun> {
    const prompt = await inTurn(work, () => checkedPrompt(request, agentModel));
    await sleep(clock, options.latencyMs, work.signal);
    if (rng.next() < options.failureRate) {
      throw fault("BACKEND_LOST", "the core fails as often as its failure rate says");
    }
    const [answer, tokenizer] = await Promise.all([
      answerTo(request, toolbox, work),
      tokenizerLoaded(),
    ]);
    const promptTokens = await tokenizer.count(prompt, work);
    return { answer, tokenizer, written: new Written(answer, promptTokens) };
  }

  /** Resolves when the piece after `sent` others is due; fails where the stream is to break. */
  async function untilDue(sent: number, signal: AbortSignal): Promise<void> {
    const { failAfterTokens, tokenIntervalMs } = options;
    if (failAfterTokens > 0 && sent === failAfterTokens) {
      throw fault(
        "BACKEND_LOST",
        `the core breaks off after ${sent} tokens, as it was configured to`,
      );
    }
    if (sent > 0) await sleep(clock, tokenIntervalMs, signal);
  }

  return {
    async chat(request, { signal }) {
      using _generation = generations.begin(sizeOf(request));
      const work = { turns, signal };
      const { answer, tokenizer, written } = await begin(request, work);
      let content = "";
      for await (const block of tokenizer.read(answer.content, work, request.maxTokens)) {
        content += block.pieces.join("");
        written.add(block);
      }
      await sleep(clock, options.tokenIntervalMs * Math.max(0, written.tokenCount - 1), signal);
      const toolCalls = [...answer.toolCalls];
      return create(ChatResponseSchema, {
        ...{ content, toolCalls, model: agentModel },
        ...written.ending(),
      });
    },

    async *streamChat(request, { signal }) {
      using _generation = generations.begin(sizeOf(request));
      const work = { turns, signal };
      const { answer, tokenizer, written } = await begin(request, work);
      const piece = (init: MessageInitShape<typeof StreamChatResponseSchema>) =>
        create(StreamChatResponseSchema, { ...init, model: agentModel });
      if (answer.toolCalls.length > 0) yield piece({ toolCalls: [...answer.toolCalls] });
      let sent = 0;
      for await (const block of tokenizer.read(answer.content, work, request.maxTokens)) {
        for (const delta of block.pieces) {
          if (isShaped) await untilDue(sent, signal);
          const pause = turns.next();
          if (pause !== undefined) await pause;
          signal.throwIfAborted();
          yield piece({ delta });
          sent += 1;
        }
        written.add(block);
      }
      yield piece(written.ending());
    },

    listModels: () => [
      create(ModelSchema, {
        id: agentModel,
        provider: "polygate",
        capabilities: ["text", "tools"],
      }),
    ],

    async warmUp() {
      await Promise.all([tokenizerLoaded(), toolbox.warmUp()]);
    },
  };
}

async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (ms > 0) await clock.sleep(ms, signal);
}
