/** Writes a whole response as OpenAI Responses. Pure. */

import type { ResponseFacts } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { refuseMade } from "#dialects/lost-content.ts";
import { metadataOf } from "#dialects/tuning.ts";
import type { ChatRequest, ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import { ResponseFormat_Kind as FormatKind, type Usage } from "#gen/polygate/v1/conversation_pb.js";
import {
  callItem,
  clientCallOf,
  type ItemStatus,
  messageItem,
  reasoningItem,
  textContent,
} from "./items.ts";
import { toolChoiceOf, toolsOf } from "./request-writer.ts";
import { writeStop } from "./stop.ts";
import { writeUsage } from "./usage.ts";

function formatOf({ responseFormat }: ChatRequest): Json {
  switch (responseFormat?.kind) {
    case FormatKind.JSON_SCHEMA:
      return {
        type: "json_schema",
        name: responseFormat.name,
        schema: JSON.parse(responseFormat.schemaJson || "{}"),
        strict: responseFormat.strict ?? true,
      };
    case FormatKind.JSON_OBJECT:
      return { type: "json_object" };
    default:
      return { type: "text" };
  }
}

/** A tool as the response repeats it: what its client left out is null there. */
function toldTool(tool: Json): Json {
  return tool.type === "function" ? { ...tool, description: tool.description ?? null } : tool;
}

/** What of its request a response repeats; the same for all of its events. */
export function toldRequest({ request, createdSeconds }: ResponseFacts): Json {
  const { providerOptions: options, sampling } = request;
  return {
    object: "response",
    created_at: createdSeconds,
    background: options?.background ?? false,
    completed_at: null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: request.maxTokens ?? null,
    max_tool_calls: null,
    metadata: metadataOf(options) ?? {},
    parallel_tool_calls: request.parallelToolCalls ?? true,
    presence_penalty: 0,
    previous_response_id: options?.previousResponseId || null,
    prompt_cache_key: options?.cacheKey || null,
    reasoning: { effort: request.reasoning?.effort || null, summary: null },
    safety_identifier: options?.user || null,
    service_tier: "default",
    store: options?.store ?? false,
    temperature: request.temperature ?? 1,
    text: { format: formatOf(request) },
    tool_choice: toolChoiceOf(request) ?? "auto",
    tools: toolsOf(request, []).map(toldTool),
    top_logprobs: sampling?.topLogprobs ?? 0,
    top_p: sampling?.topP ?? 1,
    truncation: "disabled",
    user: null,
  };
}

/** What is known of a response while it is being written. */
interface Told {
  readonly id: string;
  readonly model: string;
  readonly usage?: Usage | undefined;
}

/** The response object around its output, as every lifecycle event carries it. */
export function responseObject(
  { responseId, nowSeconds }: ResponseFacts,
  request: Json,
  { id, model, usage }: Told,
  fields: Json,
): Json {
  return {
    id: id === "" ? responseId : id,
    ...request,
    model,
    usage: usage === undefined ? null : writeUsage(usage),
    ...fields,
    ...(fields.status === "completed" ? { completed_at: nowSeconds() } : {}),
  };
}

/** Items in the order of their parts; the last one of a response that was cut is incomplete. */
function itemsOf({ parts, stop }: ChatResponse, facts: ResponseFacts): Json[] {
  const { status } = writeStop(stop);
  refuseMade(parts);
  return parts.flatMap(({ content }, index): Json[] => {
    const isLast = index === parts.length - 1;
    const itemStatus: ItemStatus = isLast ? status : "completed";
    const id = (prefix: string) => `${prefix}_${facts.responseId}_${index}`;
    switch (content.case) {
      case "text":
        return [
          messageItem(id("msg"), itemStatus, [
            textContent(content.value.text, JSON.parse(content.value.annotationsJson || "[]")),
          ]),
        ];
      case "refusal":
        return [
          messageItem(id("msg"), itemStatus, [{ type: "refusal", refusal: content.value.text }]),
        ];
      case "thinking":
        return [reasoningItem(id("rs"), content.value.text, content.value.state)];
      case "toolCall": {
        const call = content.value;
        const args = call.arguments === "" && !call.freeForm ? "{}" : call.arguments;
        const item = callItem(id("fc"), itemStatus, clientCallOf(call, facts.request), args);
        // Calls carry no state here: it rides in thoughts before them.
        return call.state === undefined ? [item] : [reasoningItem(id("rs"), "", call.state), item];
      }
      case "provider":
        return content.value.vendor === "openai" ? [JSON.parse(content.value.json)] : [];
      default:
        return [];
    }
  });
}

/** The body of a response. */
export function writeResponse(response: ChatResponse, facts: ResponseFacts): Json {
  const { id, modelUsed: model, usage, stop } = response;
  return responseObject(
    facts,
    toldRequest(facts),
    { id, model, usage },
    { ...writeStop(stop), output: itemsOf(response, facts) },
  );
}
