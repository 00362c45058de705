/** Reads what cores answer over HTTP: the response, or why there is none. Pure. */

import { create } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { eventOf, events, textPart } from "#chat/parts.ts";
import { finishReasonOf, stopOfWord } from "#chat/short-form.ts";
import type { ErrorResponse } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { malformed, retryAfterMsOf, upstreamFault } from "#dialects/upstream-error.ts";
import { fault } from "#errors/fault.ts";
import { type ChatResponse, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { type ChatEvent, UsageSchema } from "#gen/polygate/v1/conversation_pb.js";
import { type HttpCoreTask, tasks } from "./task.ts";

/** Where cores put the words of a response; the first that is text counts. */
const wordFields = ["response", "answer", "result"] as const;
/** Names of tools that are read of one response, and the characters of each. */
const toolsMax = 128;
const toolNameLengthMax = 256;

function toolsOf(body: LooseObject): string[] {
  const called = body.raw("tools_called");
  if (!Array.isArray(called)) return [];
  return called
    .slice(0, toolsMax)
    .map((tool: unknown) => (typeof tool === "string" ? tool : new LooseObject(tool).text("name")))
    .filter((name) => name !== "")
    .map((name) => name.slice(0, toolNameLengthMax));
}

function usageOf(body: LooseObject) {
  const usage = body.object("usage");
  const promptTokens = usage.count("prompt_tokens");
  const completionTokens = usage.count("completion_tokens");
  const totalTokens = usage.count("total_tokens") || promptTokens + completionTokens;
  return create(UsageSchema, { promptTokens, completionTokens, totalTokens });
}

/** The response in its short form. Throws BACKEND_MALFORMED for what holds none. */
export function readResponse(value: unknown): ChatResponse {
  const body = new LooseObject(value);
  const field = wordFields.find((name) => typeof body.raw(name) === "string");
  if (field === undefined) throw malformed("the core's response has no text `response`");
  return create(ChatResponseSchema, {
    response: body.text(field),
    modelUsed: body.text("model_used") || body.text("model"),
    usage: usageOf(body),
    toolsCalled: toolsOf(body),
    finishReason: finishReasonOf(stopOfWord(body.text("finish_reason"))),
  });
}

/** A whole response as the events of a stream. */
export function eventsOf(response: ChatResponse): ChatEvent[] {
  const { response: words, modelUsed: model, usage, finishReason } = response;
  const text =
    words === ""
      ? []
      : [
          eventOf({ case: "partStart", value: textPart("") }),
          eventOf({ case: "textDelta", value: words }),
          eventOf({ case: "partStop", value: {} }),
        ];
  return [
    events.start({ id: "", model }),
    ...text,
    ...(usage === undefined ? [] : [events.usage(usage)]),
    events.stop(stopOfWord(finishReason)),
  ];
}

/** A core's own words: `error`, `detail` or `message`, as text or within an object or a list. */
function wordsOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    const all = value.slice(0, toolsMax).map((one: unknown) => new LooseObject(one));
    return all
      .map((one) => {
        const place = one.raw("loc");
        const at = Array.isArray(place) ? `${place.slice(0, 8).join(".")}: ` : "";
        return at + one.text("msg");
      })
      .join("; ");
  }
  const body = new LooseObject(value);
  const said = ["error", "detail", "message"].find((name) => body.has(name));
  return said === undefined ? "" : wordsOf(body.raw(said));
}

/** What a core answered in place of a response, as a fault with a reason. */
export function readError(response: ErrorResponse, task: HttpCoreTask): ConnectError {
  const { status, body } = response;
  const metadata = { upstream_status: String(status) };
  switch (status) {
    case 401:
    case 403:
      // The core refuses the gateway; the client's own credentials were fine.
      return fault("BACKEND_UNAUTHENTICATED", "the core does not admit the gateway", { metadata });
    case 404:
    case 405:
    case 501:
      // No core without the path is well, whoever calls it.
      return fault("BACKEND_FAILED", `the core does not know POST ${tasks[task].path}`, {
        metadata,
      });
    default: {
      // A redirect is a failure: it would take the client's words elsewhere.
      const message = typeof body === "string" ? "" : wordsOf(body);
      const retryAfterMs = retryAfterMsOf(response);
      return upstreamFault({ status: status < 400 ? 502 : status, message, retryAfterMs }, "core");
    }
  }
}
