/** A conversation as the page holds it, and as the gateway takes it; pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ChatRequestSchema, StreamChatResponse } from "#gen/polygate/v1/chat_pb.js";

/** An image that goes with a turn. */
export interface Picture {
  readonly name: string;
  readonly mediaType: string;
  readonly data: Uint8Array<ArrayBuffer>;
  /** For the page to show it. */
  readonly url: string;
}

/** A tool that was called; one without result waits for the user's. */
export interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly result: string;
}

/** What is shown below an answer. */
export interface Facts {
  readonly requestId: string;
  readonly model: string;
  readonly firstMs: number | undefined;
  readonly totalMs: number;
  readonly tokens: number;
  readonly cost: number;
  readonly finish: string;
}

/** One turn. */
export interface Turn {
  readonly id: number;
  readonly role: "user" | "assistant" | "tool";
  readonly text: string;
  readonly pictures: readonly Picture[];
  readonly calls: readonly Call[];
  /** On a tool turn: the call that it answers. */
  readonly callId?: string;
  readonly facts?: Facts;
  readonly error?: unknown;
}

/** What a chat is asked with. */
export interface ChatSettings {
  readonly model: string;
  readonly system: string;
  readonly temperature: string;
  readonly maxTokens: string;
  readonly useTools: boolean;
  readonly toolName: string;
  readonly toolSchema: string;
}

/** Nothing chosen. */
export const noSettings: ChatSettings = {
  model: "",
  system: "",
  temperature: "",
  maxTokens: "",
  useTools: false,
  toolName: "",
  toolSchema: "",
};

/** The request for the next answer. */
export function requestOf(
  turns: readonly Turn[],
  settings: ChatSettings,
): MessageInitShape<typeof ChatRequestSchema> {
  const { model, system, temperature, maxTokens, useTools, toolName, toolSchema } = settings;
  const messages = turns.filter(({ error }) => error === undefined).map(messageOf);
  return {
    modelPreference: model,
    useTools,
    messages: system === "" ? messages : [{ role: "system", content: system }, ...messages],
    ...(temperature !== "" && { temperature: Number(temperature) }),
    ...(maxTokens !== "" && { maxTokens: Number(maxTokens) }),
    ...(toolName !== "" && {
      tools: [
        { name: toolName, parametersJson: toolSchema === "" ? '{"type":"object"}' : toolSchema },
      ],
    }),
  };
}

function messageOf({ role, text, pictures, calls, callId }: Turn) {
  return {
    role,
    content: text,
    images: pictures.map(({ data, mediaType }) => ({ data, mediaType })),
    // What the core ran by itself is its own affair.
    toolCalls: calls
      .filter(({ result }) => result === "")
      .map((call) => ({ id: call.id, name: call.name, argumentsJson: call.arguments })),
    toolCallId: callId ?? "",
  };
}

/** `turn` with a piece of its stream. */
export function grown(turn: Turn, piece: StreamChatResponse): Turn {
  const calls = piece.toolCalls.map((call) => ({
    id: call.id,
    name: call.name,
    arguments: call.argumentsJson,
    result: call.result,
  }));
  return { ...turn, text: turn.text + piece.delta, calls: [...turn.calls, ...calls] };
}

/** Calls of the last answer that nobody has answered yet. */
export function openCalls(turns: readonly Turn[]): readonly Call[] {
  const answered = new Set(turns.map(({ callId }) => callId));
  const last = turns.findLast(({ role }) => role === "assistant");
  return (last?.calls ?? []).filter(({ id, result }) => result === "" && !answered.has(id));
}
