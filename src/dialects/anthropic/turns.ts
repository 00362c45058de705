/** The turns of a conversation as Anthropic takes them: roles alternate, results come first, nothing is empty. Pure. */

import { createHash } from "node:crypto";
import { base64Of } from "#chat/media.ts";
import type { Target } from "#dialects/dialect.ts";
import { stateFor } from "#dialects/opaque-state.ts";
import { leaveOut } from "#dialects/provider-part.ts";
import { argumentsObject } from "#dialects/tool-arguments.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import type { ChatMessage, ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type { MediaPart, Part } from "#gen/polygate/v1/conversation_pb.js";
import { cacheControlOf, type Fields } from "./cache-marks.ts";

/** A turn that is being written. */
interface Turn {
  readonly role: "user" | "assistant" | "system";
  readonly content: Fields[];
}

/** Call ids as Anthropic takes them, the same at both ends. */
class CallIds {
  readonly #byId = new Map<string, string>();
  readonly #taken = new Set<string>();

  of(id: string): string {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const legal = id.replace(/[^A-Za-z0-9_-]/g, "_") || "call";
    const hash = createHash("sha256").update(id).digest("hex").slice(0, 8);
    const unique = this.#taken.has(legal) ? `${legal}_${hash}` : legal;
    this.#taken.add(unique);
    this.#byId.set(id, unique);
    return unique;
  }
}

function sourceOf({ source, mediaType }: MediaPart, place: string): Fields {
  switch (source.case) {
    case "data":
      return { type: "base64", media_type: mediaType, data: base64Of(source.value) };
    case "url":
      return { type: "url", url: source.value };
    default:
      throw unsupported(place, "a file of another provider is not taken");
  }
}

function documentOf(media: MediaPart, place: string): Fields {
  const title = media.name === "" ? {} : { title: media.name };
  const { source, mediaType } = media;
  if (source.case === "data" && mediaType.startsWith("text/")) {
    const data = Buffer.from(source.value).toString();
    return { type: "document", ...title, source: { type: "text", media_type: "text/plain", data } };
  }
  return { type: "document", ...title, source: sourceOf(media, place) };
}

/** Writes the blocks of parts. */
class Blocks {
  readonly #ids = new CallIds();
  readonly #dropped: string[];

  constructor(dropped: string[]) {
    this.#dropped = dropped;
  }

  of(parts: readonly Part[], place: string, role: string): Fields[] {
    return parts.flatMap((part, index) => {
      const block = this.#block(part, `${place}.parts[${index}]`, role);
      return block === undefined ? [] : [{ ...block, ...cacheControlOf(part.cache) }];
    });
  }

  /** The block of a part; undefined for what Anthropic need not, or may not, see. */
  #block({ content }: Part, place: string, role: string): Fields | undefined {
    switch (content.case) {
      case "text":
        return content.value.text === "" ? undefined : { type: "text", text: content.value.text };
      case "refusal":
        return content.value.text === "" ? undefined : { type: "text", text: content.value.text };
      case "image":
        return { type: "image", source: sourceOf(content.value, place) };
      case "file":
        return documentOf(content.value, place);
      case "thinking": {
        // Thoughts of other models, and unsigned ones, are refused.
        const signature = stateFor("anthropic", content.value.state);
        if (signature === undefined) return undefined;
        return content.value.redacted
          ? { type: "redacted_thinking", data: signature }
          : { type: "thinking", thinking: content.value.text, signature };
      }
      case "toolCall":
        return {
          type: "tool_use",
          id: this.#ids.of(content.value.id),
          name: flatNameOf(content.value),
          input: argumentsObject(content.value),
        };
      case "toolResult": {
        const result = this.of(content.value.parts, place, role);
        return {
          type: "tool_result",
          tool_use_id: this.#ids.of(content.value.callId),
          ...(result.length === 0 ? {} : { content: result }),
          ...(content.value.isError ? { is_error: true } : {}),
        };
      }
      case "provider":
        if (content.value.vendor === "anthropic") return JSON.parse(content.value.json);
        leaveOut(content.value, place, role, this.#dropped);
        return undefined;
      case "audio":
      case "video":
        throw unsupported(place, `${content.case} is not taken`);
      default:
        return undefined;
    }
  }
}

const isResult = (block: Fields) => block.type === "tool_result";

/** Results first: Anthropic wants all of a step right after its calls. */
function resultsFirst(blocks: readonly Fields[]): Fields[] {
  return [...blocks.filter(isResult), ...blocks.filter((block) => !isResult(block))];
}

/** Adds blocks to the last turn when that has the same role, else as a new turn. */
function append(turns: Turn[], role: Turn["role"], blocks: readonly Fields[]): void {
  if (blocks.length === 0) return;
  const last = turns.at(-1);
  if (last?.role === role && role !== "system") last.content.push(...blocks);
  else turns.push({ role, content: [...blocks] });
}

/** Whether a system turn may stand at `index`: after a user's turn, before an assistant's or the end. */
function isLegalPlace(messages: readonly ChatMessage[], index: number): boolean {
  const before = messages[index - 1]?.role;
  const after = messages[index + 1]?.role;
  return (before === "user" || before === "tool") && (after === undefined || after === "assistant");
}

/** `system` and `messages`. */
export function turnsOf(
  { messages }: ChatRequest,
  { facts }: Target,
  dropped: string[],
): { readonly system: Fields[]; readonly messages: Turn[] } {
  const blocks = new Blocks(dropped);
  const system: Fields[] = [];
  const turns: Turn[] = [];
  let isLeading = true;
  for (const [index, message] of messages.entries()) {
    const written = blocks.of(message.parts, `messages[${index}]`, message.role);
    if (message.role === "system" && isLeading) {
      system.push(...written);
      continue;
    }
    isLeading = false;
    if (message.role === "system") {
      const stays = facts.midSystem && isLegalPlace(messages, index);
      append(turns, stays ? "system" : "user", written);
    } else {
      append(turns, message.role === "assistant" ? "assistant" : "user", written);
    }
  }
  return {
    system,
    messages: turns.map(({ role, content }) => ({
      role,
      content: role === "user" ? resultsFirst(content) : content,
    })),
  };
}
