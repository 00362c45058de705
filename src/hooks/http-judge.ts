/** Hooks at an address: a POST of the question as proto3 JSON, a bounded response with the decision. */

import { create, createRegistry, toJsonString } from "@bufbuild/protobuf";
import {
  type HookDecision,
  HookDecisionSchema,
  HookQuestionSchema,
} from "#gen/polygate/v1/hooks_pb.js";
import { HttpClient } from "#http-client/client.ts";
import { JsonReader } from "#json/reader.ts";
import { type DecisionReader, HookProblem } from "./decision.ts";
import type { HookSource } from "./hook-settings.ts";
import type { Judge, Question } from "./judge.ts";

/** Connections to one hook; further questions wait for one, no longer than their time. */
const connectionsMax = 64;

/** How an endpoint is asked. */
export interface HttpJudgeOptions extends Extract<HookSource, { kind: "http" }> {
  /** Time for one question; whoever asks keeps it. */
  readonly timeoutMs: number;
}

/** Asks an endpoint. */
export class HttpJudge implements Judge {
  readonly phases = ["before", "after"] as const;
  readonly #options: HttpJudgeOptions;
  readonly #reader: DecisionReader;
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #json = new JsonReader({ registry: createRegistry() });

  constructor(options: HttpJudgeOptions, reader: DecisionReader) {
    const { origin, pathname } = new URL(options.url);
    this.#options = options;
    this.#reader = reader;
    this.#path = pathname;
    this.#client = new HttpClient(origin, {
      connectionsMax,
      connectTimeoutMs: options.timeoutMs,
    });
  }

  async ask(question: Question, signal: AbortSignal): Promise<HookDecision> {
    const { token, timeoutMs, decisionBytesMax } = this.#options;
    const response = await this.#client.send({
      method: "POST",
      path: this.#path,
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...Object.fromEntries(question.trace?.fields() ?? []),
      },
      body: toJsonString(HookQuestionSchema, create(HookQuestionSchema, question)),
      signal,
      headTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
    });
    const bytes = await response.bytes(decisionBytesMax);
    if (response.status !== 200) throw new HookProblem(`answered ${response.status}`);
    if (bytes === undefined) {
      throw new HookProblem(`answered with more than ${decisionBytesMax} bytes`);
    }
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return this.#reader.checked((await this.#json.read(HookDecisionSchema, text)) as HookDecision);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}
