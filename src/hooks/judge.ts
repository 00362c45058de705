/** Who decides for a hook: the contract of modules and endpoints. */

import type { Conversation } from "#chat/normalize.ts";
import type { TraceContext } from "#core/trace-context.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { HookContext, HookDecision } from "#gen/polygate/v1/hooks_pb.js";
import type { Phase } from "./hook-settings.ts";

/** What a hook is asked. Nothing of it may be changed. */
export interface Question {
  readonly phase: Phase;
  readonly context: HookContext;
  readonly request: Conversation;
  /** After: in `parts`, no short form set. */
  readonly response?: ChatResponse;
  /** The span of the call, which endpoints are sent; absent where nothing is traced. */
  readonly trace?: TraceContext | undefined;
}

/** Decides. */
export interface Judge extends AsyncDisposable {
  /** When it can be asked. */
  readonly phases: readonly Phase[];
  /** Rejects when there is no decision, whatever the cause. `signal` aborts when no one waits for it any more. */
  ask(question: Question, signal: AbortSignal): Promise<HookDecision>;
}
