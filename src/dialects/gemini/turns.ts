/** The turns of a conversation as Gemini takes them: two roles that alternate, signatures where they were. Pure. */

import { base64Of } from "#chat/media.ts";
import { textOf } from "#chat/parts.ts";
import type { Target } from "#dialects/dialect.ts";
import { isForeignPrompt } from "#dialects/foreign-prompt.ts";
import { parameterInvalid } from "#dialects/json-object.ts";
import { stateFor } from "#dialects/opaque-state.ts";
import { leaveOut } from "#dialects/provider-part.ts";
import { argumentsObject } from "#dialects/tool-arguments.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import { unsupported } from "#dialects/upstream-error.ts";
import type { ChatRequest } from "#gen/polygate/v1/chat_pb.js";
import type {
  MediaPart,
  Part,
  ToolCallPart,
  ToolResultPart,
} from "#gen/polygate/v1/conversation_pb.js";

/** An object that is being written. */
export type Fields = Record<string, unknown>;

interface Turn {
  readonly role: "user" | "model";
  readonly parts: Fields[];
}

const vendor = "google";
/** What Google documents for calls whose signature no one has. */
const sentinel = "skip_thought_signature_validator";

function mediaOf({ source, mediaType }: MediaPart, place: string): Fields {
  if (source.case === "data") {
    return { inlineData: { mimeType: mediaType, data: base64Of(source.value) } };
  }
  const isOwn = source.case === "fileId" && source.value.startsWith("https://");
  if (isOwn) return { fileData: { mimeType: mediaType, fileUri: source.value } };
  throw unsupported(place, "the provider fetches nothing: send the bytes");
}

/** Writes the turns of one conversation. */
class Turns {
  readonly turns: Turn[] = [];
  readonly system: Fields[] = [];
  readonly #needsSignatures: boolean;
  readonly #dropped: string[];
  /** Places of results, by those of their calls. */
  readonly #order = new Map<Fields, number>();
  /** Names of calls by id, for results that do not say them, and their order. */
  readonly #calls = new Map<string, { readonly name: string; readonly order: number }>();

  constructor({ facts }: Target, dropped: string[]) {
    this.#needsSignatures = facts.thoughtSignatures;
    this.#dropped = dropped;
  }

  append(role: Turn["role"], parts: readonly Fields[]): void {
    if (parts.length === 0) return;
    const last = this.turns.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else this.turns.push({ role, parts: [...parts] });
  }

  /** A turn of the model. A signature that travelled as thoughts goes back to the call after it. */
  model(parts: readonly Part[], place: string): Fields[] {
    const written: Fields[] = [];
    let carried: string | undefined;
    // The first call of a step needs a signature; others have one only if they came with it.
    let missing = this.#needsSignatures ? sentinel : undefined;
    for (const [index, { content }] of parts.entries()) {
      switch (content.case) {
        case "thinking":
          carried = stateFor(vendor, content.value.state) ?? carried;
          break;
        case "toolCall":
          written.push(
            this.#call(content.value, stateFor(vendor, content.value.state) ?? carried ?? missing),
          );
          carried = missing = undefined;
          break;
        default:
          written.push(...this.#part(content, `${place}.parts[${index}]`, "assistant"));
      }
    }
    const last = written.at(-1);
    if (carried !== undefined && last !== undefined) last.thoughtSignature = carried;
    return written;
  }

  #call(call: ToolCallPart, signature: string | undefined): Fields {
    const name = flatNameOf(call);
    this.#calls.set(call.id, { name, order: this.#calls.size });
    const functionCall = { name, args: argumentsObject(call) };
    return signature === undefined
      ? { functionCall }
      : { functionCall, thoughtSignature: signature };
  }

  /** A turn of the user, of tools, or of the system in the middle of a conversation. */
  user(parts: readonly Part[], place: string): Fields[] {
    return parts.flatMap(({ content }, index) => {
      const at = `${place}.parts[${index}]`;
      return content.case === "toolResult"
        ? [this.#result(content.value, at)]
        : this.#part(content, at, "user");
    });
  }

  /** The turns; in those of the user results come first, in the order of their calls. */
  contents(): Turn[] {
    const placeOf = (part: Fields) => this.#order.get(part) ?? Number.MAX_SAFE_INTEGER;
    return this.turns.map(({ role, parts }) => ({
      role,
      parts:
        role === "model" ? parts : parts.toSorted((one, other) => placeOf(one) - placeOf(other)),
    }));
  }

  #result(result: ToolResultPart, place: string): Fields {
    const call = this.#calls.get(result.callId);
    const name = call?.name ?? result.name;
    if (name === "") throw parameterInvalid(place, `no call has the id ${result.callId}`);
    const text = result.parts
      .map(textOf)
      .filter((words) => words !== "")
      .join("\n");
    const media = result.parts.flatMap(({ content }, index) =>
      content.case === "text" ? [] : this.#part(content, `${place}.parts[${index}]`, "user"),
    );
    const response = result.isError ? { error: text } : { output: text };
    const parts = media.length === 0 ? {} : { parts: media };
    const part = { functionResponse: { name, response, ...parts } };
    this.#order.set(part, call?.order ?? this.#calls.size);
    return part;
  }

  /** Other parts; none for what Gemini has no place for. */
  #part(content: Part["content"], place: string, role: string): Fields[] {
    switch (content.case) {
      case "text":
      case "refusal":
        return content.value.text === "" ? [] : [{ text: content.value.text }];
      case "image":
      case "audio":
      case "video":
      case "file":
        return [mediaOf(content.value, place)];
      case "provider":
        if (content.value.vendor === vendor) return [JSON.parse(content.value.json)];
        leaveOut(content.value, place, role, this.#dropped);
        return [];
      default:
        return [];
    }
  }
}

/** `contents` and the parts of `systemInstruction`. */
export function turnsOf({ messages }: ChatRequest, target: Target, dropped: string[]) {
  const turns = new Turns(target, dropped);
  let isLeading = true;
  for (const [index, { role, parts }] of messages.entries()) {
    const place = `messages[${index}]`;
    if (role === "assistant") {
      turns.append("model", turns.model(parts, place));
    } else if (role === "system" && isLeading) {
      turns.system.push(
        ...turns.user(
          parts.filter((part) => !isForeignPrompt(part, vendor)),
          place,
        ),
      );
      continue;
    } else {
      turns.append("user", turns.user(parts, place));
    }
    isLeading = false;
  }
  return { system: turns.system, contents: turns.contents() };
}
