/** The turns of a conversation as Gemini takes them: two roles that alternate, signatures where they were. Pure. */

import { textOf } from "#chat/parts.ts";
import type { Target } from "#dialects/dialect.ts";
import { isForeignPrompt } from "#dialects/foreign-prompt.ts";
import { parameterInvalid } from "#dialects/json-object.ts";
import { base64Of } from "#dialects/media.ts";
import { stateFor } from "#dialects/opaque-state.ts";
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
/** What Google documents for calls whose signature nobody has. */
const sentinel = "skip_thought_signature_validator";

/** The arguments as an object; text that is none is carried as text. */
function argsFrom({ arguments: args, freeForm }: ToolCallPart): unknown {
  if (freeForm) return { input: args };
  if (args.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(args);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // The model may have been cut off in the middle of it.
  }
  return { _raw: args };
}

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
    let hasCall = false;
    for (const [index, { content }] of parts.entries()) {
      if (content.case === "thinking") {
        carried = stateFor(vendor, content.value.state) ?? carried;
        continue;
      }
      if (content.case === "toolCall") {
        const own = stateFor(vendor, content.value.state) ?? carried;
        carried = undefined;
        const isFirst = !hasCall;
        hasCall = true;
        const missing = isFirst && this.#needsSignatures ? sentinel : undefined;
        written.push(this.#call(content.value, own ?? missing));
        continue;
      }
      const other = this.#part(content, `${place}.parts[${index}]`);
      if (other !== undefined) written.push(other);
    }
    const last = written.at(-1);
    if (carried !== undefined && last !== undefined) last.thoughtSignature = carried;
    return written;
  }

  #call(call: ToolCallPart, signature: string | undefined): Fields {
    const name = flatNameOf(call);
    this.#calls.set(call.id, { name, order: this.#calls.size });
    const functionCall = { name, args: argsFrom(call) };
    return signature === undefined
      ? { functionCall }
      : { functionCall, thoughtSignature: signature };
  }

  /** A turn of the user or of tools: results in the order of their calls, the rest after them. */
  user(parts: readonly Part[], place: string): Fields[] {
    const results: { readonly order: number; readonly part: Fields }[] = [];
    const rest: Fields[] = [];
    for (const [index, { content }] of parts.entries()) {
      if (content.case === "toolResult") results.push(this.#result(content.value, place));
      else {
        const written = this.#part(content, `${place}.parts[${index}]`);
        if (written !== undefined) rest.push(written);
      }
    }
    const ordered = results.toSorted((one, other) => one.order - other.order);
    return [...ordered.map(({ part }) => part), ...rest];
  }

  #result(result: ToolResultPart, place: string) {
    const call = this.#calls.get(result.callId);
    const name = call?.name ?? result.name;
    if (name === "") throw parameterInvalid(place, `no call has the id ${result.callId}`);
    const text = result.parts
      .map(textOf)
      .filter((words) => words !== "")
      .join("\n");
    const media = result.parts.flatMap(({ content }) =>
      content.case === "image" || content.case === "file" ? [mediaOf(content.value, place)] : [],
    );
    const response = result.isError ? { error: text } : { output: text };
    const parts = media.length === 0 ? {} : { parts: media };
    const order = call?.order ?? Number.MAX_SAFE_INTEGER;
    return { order, part: { functionResponse: { name, response, ...parts } } };
  }

  #part(content: Part["content"], place: string): Fields | undefined {
    switch (content.case) {
      case "text":
      case "refusal":
        return content.value.text === "" ? undefined : { text: content.value.text };
      case "image":
      case "audio":
      case "video":
      case "file":
        return mediaOf(content.value, place);
      case "provider":
        if (content.value.vendor === vendor) return JSON.parse(content.value.json);
        this.#dropped.push(place);
        return undefined;
      default:
        return undefined;
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
  return { system: turns.system, contents: orderedResults(turns.turns) };
}

/** Results of one step that came in several turns stand in the order of their calls. */
function orderedResults(turns: readonly Turn[]): Turn[] {
  return turns.map((turn, index) => {
    const calls = index === 0 ? [] : namesOf(turns[index - 1]?.parts ?? []);
    const results = turn.parts.filter((part) => "functionResponse" in part);
    if (turn.role === "model" || results.length < 2) return turn;
    const place = (part: Fields) => {
      const { name } = part.functionResponse as { name: string };
      const found = calls.indexOf(name);
      return found < 0 ? calls.length : found;
    };
    const rest = turn.parts.filter((part) => !("functionResponse" in part));
    return {
      role: turn.role,
      parts: [...results.toSorted((a, b) => place(a) - place(b)), ...rest],
    };
  });
}

function namesOf(parts: readonly Fields[]): string[] {
  return parts.flatMap((part) => {
    const call = part.functionCall as { name: string } | undefined;
    return call === undefined ? [] : [call.name];
  });
}
