/** Asks for tools of the caller that a message names. Pure. */

import { create } from "@bufbuild/protobuf";
import {
  type ToolCall,
  ToolCallSchema,
  type ToolDefinition,
} from "#gen/polyagent/core/v1/core_pb.js";

/**
 * A call for each tool whose name stands in `text` as a word, in the order of `tools`. A JSON object
 * right after the name is its arguments, as in `get_weather {"city": "Oslo"}`; without one, `{}`.
 */
export function callerToolCalls(text: string, tools: readonly ToolDefinition[]): ToolCall[] {
  return tools
    .map(({ name }) => ({ name, end: endOfWord(text, name) }))
    .filter(({ end }) => end >= 0)
    .map(({ name, end }, index) =>
      create(ToolCallSchema, {
        id: `call_${index + 1}`,
        name,
        argumentsJson: leadingObject(text.slice(end)) ?? "{}",
      }),
    );
}

/** Where `word` ends in `text`; -1 when it stands there only as a part of another word, or not. */
function endOfWord(text: string, word: string): number {
  if (word === "") return -1;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[end])) return end;
  }
  return -1;
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\d_]/u.test(character);
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

/** Just behind the brace that closes the one at `start`; braces within strings do not count. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  for (const { 0: lexeme, index } of text.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (lexeme === "{") depth += 1;
    if (lexeme === "}") depth -= 1;
    if (depth === 0) return start + index + 1;
  }
  return text.length;
}
