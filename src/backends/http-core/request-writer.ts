/** Writes a canonical request as the JSON that cores take over HTTP. Pure. */

import type { Turn as ChatTurn, Conversation } from "#chat/normalize.ts";
import type { WrittenRequest } from "#dialects/dialect.ts";
import { refuseLogprobs, refuseOtherThanText } from "#dialects/lost-shape.ts";
import { type PlacedPart, placedParts } from "#dialects/placed-part.ts";
import { leaveOut } from "#dialects/provider-part.ts";
import { refuseStoredState } from "#dialects/stored-state.ts";
import { droppedTuning } from "#dialects/tuning.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import { ResponseFormat_Kind as FormatKind } from "#gen/polygate/v1/conversation_pb.js";
import { type HttpCoreTask, tasks } from "./task.ts";

/** Tuning that cores do not have. */
const missing = [
  "top_k",
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "verbosity",
  "prompt_cache_key",
  "user",
  "service_tier",
  "metadata",
] as const;

/** Refuses what would change the shape of the response, and what of it could not be sent. */
function refuseUnspoken(request: Conversation): void {
  refuseStoredState(request);
  refuseLogprobs(request);
  refuseOtherThanText(request);
  const { choices = 1, tools, stop, responseFormat } = request;
  if (choices > 1) throw unsupported("n", "the core writes one response");
  if (tools.length > 0) throw unsupported("tools", "the core takes no tools but its own");
  if (stop.length > 0) throw unsupported("stop", "the core has no stop sequences");
  const kind = responseFormat?.kind;
  if (kind === FormatKind.JSON_OBJECT || kind === FormatKind.JSON_SCHEMA) {
    throw unsupported("response_format", "the core writes text");
  }
}

function droppedOf(request: Conversation): string[] {
  return [
    ...droppedTuning(request, missing),
    ...(request.sampling?.topP === undefined ? [] : ["top_p"]),
    ...(request.reasoning === undefined ? [] : ["reasoning"]),
  ];
}

/** Words of a part. Throws PARAMETER_UNSUPPORTED for what is none. */
function wordsOf({ part: { content }, at }: PlacedPart, role: string, dropped: string[]): string {
  switch (content.case) {
    case "text":
    case "refusal":
      return content.value.text;
    case "thinking":
    case undefined:
      return "";
    case "provider":
      leaveOut(content.value, at, role, dropped);
      return "";
    case "toolCall":
    case "toolResult":
      throw unsupported(at, "the core takes no calls of tools");
    default:
      throw unsupported(at, `${content.case} is not taken: the core takes text`);
  }
}

interface Turn {
  readonly role: string;
  readonly words: string;
}

function turnOf({ role, parts }: ChatTurn, index: number, dropped: string[]): Turn {
  const placed = placedParts(parts, `messages[${index}]`);
  return { role, words: placed.map((one) => wordsOf(one, role, dropped)).join("") };
}

/** Fields that have a value. */
function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * The body for a task. What was said before the last turn goes into `context`, a line each. Throws
 * PARAMETER_UNSUPPORTED for what would change the shape of the response, and for what is no text.
 */
export function writeRequest(
  request: Conversation,
  { task, model }: { readonly task: HttpCoreTask; readonly model: string },
): WrittenRequest {
  refuseUnspoken(request);
  const dropped = droppedOf(request);
  const { context, messages, sessionId, useTools, temperature, maxTokens } = request;
  const turns = messages.map((message, index) => turnOf(message, index, dropped));
  const last = turns.pop();
  if (last?.role !== "user") {
    throw unsupported("messages", "the core answers the user: the last turn has to be the user's");
  }
  const before = turns.map(({ role, words }) => `${role}: ${words}`);
  const background = [context, ...before].filter((text) => text !== "").join("\n");
  const options = defined({ max_tokens: maxTokens, temperature });
  const session = sessionId || undefined;
  const chats = {
    context: background || undefined,
    // The same under the name by which twins know it.
    conversation_id: session,
    use_tools: useTools || undefined,
    model_preference: model || request.modelPreference || undefined,
  };
  const body = defined({
    [tasks[task].words]: last.words,
    session_id: session,
    ...(task === "chat" ? chats : { context: background || undefined }),
    options: Object.keys(options).length === 0 ? undefined : options,
  });
  return { body, dropped };
}
