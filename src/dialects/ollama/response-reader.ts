/** Reads whole responses and streams of Ollama: one object, or one on each line. Pure. */

import { create } from "@bufbuild/protobuf";
import {
  type EventContent,
  eventOf,
  events,
  stopOf,
  textPart,
  thinkingPart,
  toolCallPart,
} from "#chat/parts.ts";
import { usageOf } from "#chat/usage.ts";
import type { Frame, StreamReader } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { cutOff, malformed, parsedFrame } from "#dialects/upstream-error.ts";
import { type ChatResponse, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import {
  type ChatEvent,
  Stop_Kind as Kind,
  type Part,
  type Stop,
  type Usage,
} from "#gen/polygate/v1/conversation_pb.js";
import { errorOf } from "./error-reader.ts";

/** A call; Ollama gives no ids, so its place is one. */
function callOf(call: LooseObject, index: number): Part {
  const called = call.object("function");
  return toolCallPart({
    id: call.text("id") || `call_${index}`,
    name: called.text("name"),
    arguments: JSON.stringify(called.object("arguments").value),
  });
}

function readStop(body: LooseObject, hasCalls: boolean): Stop {
  const word = body.text("done_reason");
  if (word === "length") return stopOf(Kind.LENGTH, word);
  return stopOf(hasCalls ? Kind.TOOL_CALLS : Kind.END, word);
}

/** Counts of zero are left out there. */
function readUsage(body: LooseObject): Usage {
  return usageOf({ uncached: body.count("prompt_eval_count"), written: body.count("eval_count") });
}

/** Only a last line with a reason is an end. */
function isWhole(body: LooseObject): boolean {
  return body.raw("done") === true && body.text("done_reason") !== "";
}

/** The canonical response. Throws BACKEND_MALFORMED for what is none, or has not ended. */
export function readResponse(value: unknown): ChatResponse {
  const body = new LooseObject(value);
  const message = body.object("message");
  if (!message.exists || !isWhole(body)) throw malformed("the provider's response is not whole");
  const calls = message.objects("tool_calls").map(callOf);
  const thoughts = message.text("thinking");
  const words = message.text("content");
  return create(ChatResponseSchema, {
    modelUsed: body.text("model"),
    parts: [
      ...(thoughts === "" ? [] : [thinkingPart(thoughts)]),
      ...(words === "" ? [] : [textPart(words)]),
      ...calls,
    ],
    stop: readStop(body, calls.length > 0),
    usage: readUsage(body),
  });
}

/** A reader of one stream. */
export function streamReader(): StreamReader {
  let parts = 0;
  let calls = 0;
  let open: "text" | "thinking" | undefined;
  let isStarted = false;
  let hasEnded = false;

  const event = (content: EventContent) => eventOf(content, parts - 1);
  const close = (out: ChatEvent[]) => {
    if (open !== undefined) out.push(event({ case: "partStop", value: {} }));
    open = undefined;
  };
  const begin = (part: Part, kind: typeof open, out: ChatEvent[]) => {
    close(out);
    parts += 1;
    open = kind;
    out.push(event({ case: "partStart", value: part }));
  };

  const readMessage = (message: LooseObject, out: ChatEvent[]) => {
    const thoughts = message.text("thinking");
    if (thoughts !== "") {
      if (open !== "thinking") begin(thinkingPart(""), "thinking", out);
      out.push(event({ case: "thinkingDelta", value: thoughts }));
    }
    const words = message.text("content");
    if (words !== "") {
      if (open !== "text") begin(textPart(""), "text", out);
      out.push(event({ case: "textDelta", value: words }));
    }
    for (const call of message.objects("tool_calls")) {
      begin(callOf(call, calls), undefined, out);
      out.push(event({ case: "partStop", value: {} }));
      calls += 1;
    }
  };

  return {
    read({ data }: Frame): ChatEvent[] {
      const out: ChatEvent[] = [];
      const body = new LooseObject(parsedFrame(data));
      if (body.has("error")) throw errorOf(500, body.value);
      if (!isStarted) {
        isStarted = true;
        out.push(events.start({ id: "", model: body.text("model") }));
      }
      readMessage(body.object("message"), out);
      if (isWhole(body)) {
        hasEnded = true;
        close(out);
        out.push(events.usage(readUsage(body)), events.stop(readStop(body, calls > 0)));
      }
      return out;
    },
    end() {
      if (!hasEnded) throw cutOff();
      return [];
    },
  };
}
