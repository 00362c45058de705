/** Asks for tools of the caller that a message names. Pure. */

import { create } from "@bufbuild/protobuf";
import {
  type ToolCall,
  ToolCallSchema,
  type ToolDefinition,
} from "#gen/polyagent/core/v1/core_pb.js";
import { searchedLengthMax } from "./plan.ts";

/**
 * A call for each tool whose name is a word of `text`, in the order of `tools`. A JSON object right
 * after the name's first place is its arguments, as in `get_weather {"city": "Oslo"}`; without one,
 * `{}`. Only the beginning is searched, as for the agent's own tools.
 */
export function callerToolCalls(text: string, tools: readonly ToolDefinition[]): ToolCall[] {
  if (tools.length === 0) return [];
  const searched = text.slice(0, searchedLengthMax);
  const ends = firstEnds(searched);
  const named = new Set(tools.map(({ name }) => name).filter((name) => ends.has(name)));
  return Array.from(named, (name, index) =>
    create(ToolCallSchema, {
      id: `call_${index + 1}`,
      name,
      argumentsJson: leadingObject(searched.slice(ends.get(name))) ?? "{}",
    }),
  );
}

/** Letters, digits and underscores; dots and hyphens within, as names of tools have them. */
const wordPattern = /[\p{L}\d_]+(?:[.-][\p{L}\d_]+)*/gu;

/** Each word of `text` and where it ends for the first time. */
function firstEnds(text: string): Map<string, number> {
  const ends = new Map<string, number>();
  for (const { 0: word, index } of text.matchAll(wordPattern)) {
    if (!ends.has(word)) ends.set(word, index + word.length);
  }
  return ends;
}

/** The JSON object at the beginning of `text`, compact; undefined when there is none. */
function leadingObject(text: string): string | undefined {
  const start = text.search(/[^\s:(]/);
  if (text[start] !== "{") return undefined;
  const end = endOfObject(text, start);
  try {
    return JSON.stringify(JSON.parse(text.slice(start, end)));
  } catch {
    return undefined;
  }
}

/** Just after the brace that closes the one at `start`; braces within strings do not count. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === "\\") at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === "{") depth += 1;
    else if (!quoted && character === "}") depth -= 1;
    if (depth === 0) return at + 1;
  }
  return text.length;
}
