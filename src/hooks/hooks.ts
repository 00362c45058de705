/** The hooks of one gateway, in their order: which of them a chat concerns, and what comes of their decisions. */

import { create } from "@bufbuild/protobuf";
import type { Conversation } from "#chat/normalize.ts";
import { fillParts } from "#chat/short-form.ts";
import type { Clock } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import type { TraceContext } from "#core/trace-context.ts";
import { fault } from "#errors/fault.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import { HookContextSchema } from "#gen/polygate/v1/hooks_pb.js";
import { type Decision, requestDecision, responseDecision } from "./decision.ts";
import type { Hook } from "./hook.ts";
import type { Phase } from "./hook-settings.ts";

/** Whose chat it is, and the signal that aborts when no one waits for it any more. */
export interface HookCall {
  readonly principal: string;
  readonly surface: string;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** The call's span; absent where nothing is traced. */
  readonly trace?: TraceContext | undefined;
}

/** Ended chats that hooks are still to see, at one time; further ones are counted as skipped. */
const observedMax = 256;
/** Time that these have when the gateway stops. */
const lastWordsMs = 1_000;

/** The response in parts, with no short form that could come to differ. */
function inParts(response: ChatResponse): ChatResponse {
  const whole = { ...response };
  fillParts(whole);
  return { ...whole, response: "", toolCalls: [], toolsCalled: [], finishReason: "" };
}

/** What was decided, unless it was to deny: that is thrown. */
function undenied<T>(phase: Phase, hook: Hook, decision: Decision<T>): T | undefined {
  if (decision.action === "allow") return undefined;
  if (decision.action === "replace") return decision.message;
  const { message, reason } = decision;
  const subject = phase === "before" ? "request" : "response";
  throw fault("HOOK_DENIED", message || `the ${subject} was denied by a policy of the gateway`, {
    metadata: { hook: hook.settings.name, ...(reason === "" ? {} : { hook_reason: reason }) },
  });
}

/** Asks the hooks. */
export class Hooks implements AsyncDisposable {
  readonly #hooks: readonly Hook[];
  readonly #clock: Clock;
  readonly #observed = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(hooks: readonly Hook[], clock: Clock) {
    this.#hooks = hooks;
    this.#clock = clock;
  }

  /** Those that chats of a model concern, in their order. */
  for(phase: Phase, model: string): readonly Hook[] {
    return this.#hooks.filter((hook) => hook.concerns(phase, model));
  }

  /**
   * The request that is to be answered: the same one, or what hooks made of it. Rejects with
   * HOOK_DENIED, HOOK_FAILED, or the signal's reason.
   */
  async before(request: Conversation, call: HookCall): Promise<Conversation> {
    let answered = request;
    for (const hook of this.#hooks) {
      if (!hook.concerns("before", answered.modelPreference)) continue;
      const question = {
        phase: "before" as const,
        context: contextOf(call, answered),
        request: answered,
        trace: call.trace,
      };
      const settle = (decision: Parameters<typeof requestDecision>[0]) =>
        requestDecision(decision, request);
      const decision = await hook.decide(question, settle, call.signal);
      answered = undenied("before", hook, decision) ?? answered;
    }
    return answered;
  }

  /**
   * The response that the client is given: the same one, or what `hooks` made of it. Rejects with
   * HOOK_DENIED, HOOK_FAILED, or the signal's reason.
   */
  async after(
    hooks: readonly Hook[],
    { request, response }: { readonly request: Conversation; readonly response: ChatResponse },
    call: HookCall,
  ): Promise<ChatResponse> {
    let given = response;
    for (const hook of hooks) {
      const shown = inParts(given);
      const question = {
        phase: "after" as const,
        context: contextOf(call, request),
        request,
        response: shown,
        trace: call.trace,
      };
      const settle = (decision: Parameters<typeof responseDecision>[0]) =>
        responseDecision(decision, shown);
      const decision = await hook.decide(question, settle, call.signal);
      given = undenied("after", hook, decision) ?? given;
    }
    return given;
  }

  /** Shows `hooks` a response that the client has already: no one waits for them. `held` is disposed of then. */
  observe(
    hooks: readonly Hook[],
    chat: { readonly request: Conversation; readonly response: ChatResponse },
    call: HookCall,
    held: Disposable,
  ): void {
    if (this.#observed.size >= observedMax) {
      for (const hook of hooks) hook.count("after", "skipped");
      held[Symbol.dispose]();
      return;
    }
    const signal = this.#stopping.signal;
    const seen = (async () => {
      using _held = held;
      for (const hook of hooks) {
        // Each sees what the client has; what it decides comes too late.
        await this.after([hook], chat, { ...call, signal }).catch(() => {});
      }
    })();
    this.#observed.add(seen);
    void seen.then(() => this.#observed.delete(seen));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await settleWithin(Promise.all(this.#observed), lastWordsMs, this.#clock);
    this.#stopping.abort();
    await Promise.all(this.#hooks.map(({ judge }) => judge[Symbol.asyncDispose]()));
  }
}

function contextOf({ principal, surface, requestId }: HookCall, request: Conversation) {
  const model = request.modelPreference;
  return create(HookContextSchema, { principal, surface, requestId, model });
}
