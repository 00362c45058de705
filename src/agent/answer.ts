/** Composes the agent's answer to a conversation: words, tool calls and why it ended. */

import { create } from "@bufbuild/protobuf";
import type { ChatRequest, Message, ToolCall } from "#gen/polyagent/core/v1/core_pb.js";
import { ToolCallSchema } from "#gen/polyagent/core/v1/core_pb.js";
import { callerToolCalls } from "./caller-tools.ts";
import { planTools } from "./plan.ts";
import type { ToolResult } from "./tools/result.ts";
import type { Invocation, Toolbox } from "./tools/toolbox.ts";
import { inTurn, type Work } from "./work.ts";

/** An answer before it is cut to a number of tokens. */
export interface Answer {
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: "stop" | "tool_calls";
}

/** Highest number that the agent counts to. */
const countMax = 1_000;

const introduction = "I am the reference core, a deterministic program and no language model.";

/**
 * Answers the last turn, by the first rule that fits: a tool's result is passed on; a caller's tool
 * that is named is asked for; `echo …` and `count to n` are done; with `use_tools`, what can be
 * computed is computed; else it says what it is and what it read.
 */
export async function answerTo(
  request: ChatRequest,
  toolbox: Toolbox,
  work: Work,
): Promise<Answer> {
  return await inTurn(work, () => firstThatFits(request, toolbox, work));
}

async function firstThatFits(request: ChatRequest, toolbox: Toolbox, work: Work): Promise<Answer> {
  const last = request.messages.at(-1);
  const text = last?.content ?? "";
  if (last?.role === "tool") return said(`The tool answered: ${text}`);

  const asked = callerToolCalls(text, request.tools);
  if (asked.length > 0) return { content: "", toolCalls: asked, finishReason: "tool_calls" };

  const echoed = /^\s*echo:?\s+(.+)$/is.exec(text)?.[1];
  if (echoed !== undefined) return said(echoed);

  const limit = /^\s*count to (\d{1,6})\b/i.exec(text)?.[1];
  if (limit !== undefined) return said(countTo(Math.min(Number(limit), countMax)));

  const planned = request.useTools ? planTools(text) : [];
  if (planned.length > 0) return await computed(planned, toolbox, work);
  return said(await summary(request, text, work));
}

function said(content: string): Answer {
  return { content, toolCalls: [], finishReason: "stop" };
}

function countTo(limit: number): string {
  return Array.from({ length: limit }, (_, index) => index + 1).join(" ");
}

async function computed(
  planned: readonly Invocation[],
  toolbox: Toolbox,
  work: Work,
): Promise<Answer> {
  const sentences: string[] = [];
  const toolCalls: ToolCall[] = [];
  for (const [index, invocation] of planned.entries()) {
    const result = await inTurn(work, () => toolbox.run(invocation));
    sentences.push(sentence(invocation, result));
    const { tool, ...args } = invocation;
    toolCalls.push(
      create(ToolCallSchema, {
        id: `call_${index + 1}`,
        name: tool,
        argumentsJson: JSON.stringify(args),
        result: result.ok ? result.text : `error: ${result.problem}`,
      }),
    );
  }
  const source = "Computed by the reference core's tools; no language model was asked.";
  return { content: `${sentences.join("\n")}\n${source}`, toolCalls, finishReason: "stop" };
}

function sentence(invocation: Invocation, result: ToolResult): string {
  const said = result.ok ? result.text : undefined;
  const problem = result.ok ? "" : result.problem;
  switch (invocation.tool) {
    case "calculator":
      return said === undefined
        ? `${invocation.expression} cannot be computed: ${problem}.`
        : `${invocation.expression} = ${said}`;
    case "unit_converter": {
      const { value, from, to } = invocation;
      return said === undefined
        ? `${value} ${from} cannot be given in ${to}: ${problem}.`
        : `${value} ${from} = ${said} ${to}`;
    }
    case "clock":
      return said === undefined
        ? `The time cannot be given: ${problem}.`
        : `In ${invocation.zone} it is ${said}.`;
  }
}

async function summary(request: ChatRequest, text: string, work: Work): Promise<string> {
  const turns = request.messages.length;
  const images = request.messages.flatMap((message: Message) => message.images).length;
  const words = await wordCount(text, work);
  const contextWords = await wordCount(request.context, work);
  const read = [
    `${plural(words, "word")} in the last of ${plural(turns, "message")}`,
    ...(request.context === "" ? [] : [`${plural(contextWords, "word")} of context`]),
    ...(images === 0 ? [] : [plural(images, "image")]),
  ];
  const hint = request.useTools
    ? "I found nothing to compute in it: I calculate, convert units and tell the time."
    : "With use_tools I calculate, convert units and tell the time.";
  return `${introduction} I read ${read.join(", ")}: “${excerpt(text)}” ${hint}`;
}

/** Characters whose words are counted at once. */
const countedLengthMax = 16_384;

async function wordCount(text: string, work: Work): Promise<number> {
  let count = 0;
  for (let start = 0; start < text.length; start += countedLengthMax) {
    count += await inTurn(work, () => wordsBegunIn(text, start, start + countedLengthMax));
  }
  return count;
}

function wordsBegunIn(text: string, start: number, end: number): number {
  const found = text.slice(start, end).match(/\S+/g)?.length ?? 0;
  const isCutThrough = start > 0 && /^\S\S$/.test(text.slice(start - 1, start + 1));
  return isCutThrough ? found - 1 : found;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The first words of `text`, on one line, whole characters only. */
function excerpt(text: string): string {
  const characters = Array.from(text.slice(0, 400).replace(/\s+/g, " ").trim());
  return characters.length <= 120 ? characters.join("") : `${characters.slice(0, 119).join("")}…`;
}
