/** What a hook may decide, read of what it returned: whatever else that is, is a HookProblem. Pure. */

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Conversation, normalized } from "#chat/normalize.ts";
import { fillParts, fillShortForm, stopOfWord } from "#chat/short-form.ts";
import { type ChatResponse, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import type { Part, Stop } from "#gen/polygate/v1/conversation_pb.js";
import { type HookDecision, HookDecisionSchema } from "#gen/polygate/v1/hooks_pb.js";
import { MessageValidator } from "#validation/message-validator.ts";

/** What a hook decides of a message. */
export type Decision<T> =
  | { readonly action: "allow" }
  /** `message` is for the client, `reason` for its program; both may be empty. */
  | { readonly action: "deny"; readonly message: string; readonly reason: string }
  | { readonly action: "replace"; readonly message: T };

/** What a hook returned is no decision; the text says why, for the log. */
export class HookProblem extends Error {
  override readonly name = "HookProblem";
}

/** Violations that the log names. */
const violationsMax = 4;
/** Levels of a module's decision that are read: as deep as JSON is. */
const depthMax = 100;

/** Copies fields, without saying of which messages they are: messages and plain objects are taken alike. */
function fieldsOf(value: unknown, depth = 0): unknown {
  if (depth > depthMax) throw new HookProblem(`is nested deeper than ${depthMax} levels`);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item) => fieldsOf(item, depth + 1));
  const fields = Object.entries(value).filter(([name]) => !name.startsWith("$"));
  return Object.fromEntries(fields.map(([name, field]) => [name, fieldsOf(field, depth + 1)]));
}

/** Reads decisions. */
export class DecisionReader {
  readonly #validator = new MessageValidator();

  /** The decision of a module, which may return anything. What it keeps of it is not what is used. */
  ofModule(returned: unknown): HookDecision {
    if (typeof returned !== "object" || returned === null) {
      throw new HookProblem(
        'expected { action: "allow" }, { action: "deny" } or { action: "replace" }',
      );
    }
    const fields = fieldsOf(returned) as MessageInitShape<typeof HookDecisionSchema>;
    let copy: HookDecision;
    try {
      // There and back again: fields of wrong types do not survive it.
      const bytes = toBinary(HookDecisionSchema, create(HookDecisionSchema, fields));
      copy = fromBinary(HookDecisionSchema, bytes);
    } catch (thrown) {
      throw new HookProblem("has a field of the wrong type", { cause: thrown });
    }
    return this.checked(copy);
  }

  /** The decision where it keeps the rules of its type, and those of all that is within it. */
  checked(decision: HookDecision): HookDecision {
    const violations = this.#validator.violations(HookDecisionSchema, decision, violationsMax);
    if (violations.length === 0) return decision;
    const told = violations.map(({ field, description }) => `${field}: ${description}`);
    throw new HookProblem(told.join("; "));
  }
}

function settled<T>({ action, message, reason }: HookDecision, replacement: () => T): Decision<T> {
  switch (action) {
    case "allow":
      return { action };
    case "deny":
      return { action, message, reason };
    case "replace":
      return { action, message: replacement() };
    default:
      throw new HookProblem("action: expected allow, deny or replace");
  }
}

/** What is decided of a request. The form of the response stays the client's own choice. */
export function requestDecision(
  decision: HookDecision,
  asked: Conversation,
): Decision<Conversation> {
  return settled(decision, () => {
    const { request } = decision;
    if (request === undefined) throw new HookProblem("request: is missing, to be answered instead");
    const twice = request.messages.findIndex(
      ({ parts, content, images, toolCalls }) =>
        parts.length > 0 && (content !== "" || images.length > 0 || toolCalls.length > 0),
    );
    if (twice >= 0) throw saidTwice(`request.messages[${twice}]`);
    const { stream, withParts } = asked;
    return { ...normalized(request), stream, withParts };
  });
}

/** What is decided of a response; `given` has what a replacement does not say of itself. */
export function responseDecision(
  decision: HookDecision,
  given: ChatResponse,
): Decision<ChatResponse> {
  return settled(decision, () => {
    const { response } = decision;
    if (response === undefined) throw new HookProblem("response: is missing, to be given instead");
    if (response.parts.length > 0 && (response.response !== "" || response.toolCalls.length > 0)) {
      throw saidTwice("response");
    }
    const parts = response.parts.length > 0 ? response.parts : partsOf(response);
    const { usage = given.usage, stop = endOf(response.finishReason, parts) } = response;
    const replacement = create(ChatResponseSchema, {
      ...response,
      parts,
      id: response.id || given.id,
      modelUsed: response.modelUsed || given.modelUsed,
      ...(usage === undefined ? {} : { usage }),
      stop,
      cost: given.cost,
    });
    fillShortForm(replacement);
    return replacement;
  });
}

/** The parts of a response in its short form. */
function partsOf({ response, toolCalls }: ChatResponse): Part[] {
  const whole = create(ChatResponseSchema, { response, toolCalls });
  fillParts(whole);
  return whole.parts;
}

/** The end of a response that says at most a word about it. */
function endOf(word: string, parts: readonly Part[]): Stop {
  const callsTools = parts.some(({ content }) => content.case === "toolCall");
  return stopOfWord(word || (callsTools ? "tool_calls" : "stop"));
}

/** A hook that changes one of two forms would leave the other as it was. */
function saidTwice(place: string): HookProblem {
  return new HookProblem(`${place}: has parts and a short form; keep one of the two`);
}
