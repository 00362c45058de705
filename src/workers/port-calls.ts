/** Questions and answers between two threads, in both directions, over the port that they share. */

import type { Transferable } from "node:worker_threads";
import { ConnectError } from "@connectrpc/connect";
import { fault, infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import type { Reason } from "#errors/reason.ts";
import { causeText } from "#observability/cause-text.ts";

/** What of a port, or of a thread, is used. */
export interface CallsPort {
  postMessage(message: unknown, transferred?: readonly Transferable[]): void;
}

/** A question, or the answer to one. */
export type PortMessage =
  | { readonly kind: "ask"; readonly id: number; readonly what: string; readonly with: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly error: FailureFacts };

/** An error as it crosses threads: its class does not. */
interface FailureFacts {
  readonly message: string;
  readonly name: string;
  /** What errors of the system tell besides. */
  readonly code?: string;
  readonly path?: string;
  /** What errors of this project tell besides. */
  readonly fault?: {
    readonly reason: Reason;
    readonly metadata: Readonly<Record<string, string>>;
    readonly retryAfterMs?: number;
    /** Why, in words for the log. */
    readonly cause?: string;
  };
}

/** An answer of which some memory is moved to the other side. */
export class Moved<T> {
  readonly value: T;
  readonly memory: readonly Transferable[];

  constructor(value: T, memory: readonly Transferable[]) {
    this.value = value;
    this.memory = memory;
  }
}

/** What answers a question; where nothing is answered it does not matter what is returned. */
type Answer<T> = undefined extends T ? unknown : T | Promise<T | Moved<T>>;

/** Answers the questions of the other side. */
export type Answers<Q extends Questions> = {
  readonly [What in keyof Q]: (asked: Q[What][0]) => Answer<Q[What][1]>;
};

/** What one side may ask, each with its request and its response. */
export type Questions = Readonly<Record<string, readonly [asked: unknown, answered: unknown]>>;

function factsOf(thrown: unknown): FailureFacts {
  if (!(thrown instanceof Error)) return { name: "Error", message: String(thrown) };
  if (thrown instanceof ConnectError) return faultFacts(thrown);
  const { name, message, code, path }: Error & { code?: unknown; path?: unknown } = thrown;
  return {
    ...{ name, message },
    ...(typeof code === "string" && { code }),
    ...(typeof path === "string" && { path }),
  };
}

function faultFacts(error: ConnectError): FailureFacts {
  const retryAfterMs = retryAfterMsFrom(error);
  return {
    name: error.name,
    message: error.rawMessage,
    fault: {
      reason: reasonOf(error) ?? "INTERNAL",
      metadata: infoMetadataOf(error),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(error.cause !== undefined && { cause: causeText(error.cause) }),
    },
  };
}

/** An error that another thread reported. */
function errorFrom({ message, fault: told, ...facts }: FailureFacts): Error {
  if (told !== undefined) {
    const { reason, cause, ...more } = told;
    return fault(reason, message, {
      ...more,
      ...(cause !== undefined && { cause: new Error(cause) }),
    });
  }
  return Object.assign(new Error(message), facts);
}

/** One end: `Asked` is what this side asks, `Answered` what it is asked. */
export class PortCalls<Asked extends Questions, Answered extends Questions> {
  readonly #port: CallsPort;
  readonly #answers: Answers<Answered>;
  /** By number. Bounded by who asks: each waits for its answer. */
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;
  #ended: Error | undefined;

  constructor(port: CallsPort, answers: Answers<Answered>) {
    this.#port = port;
    this.#answers = answers;
  }

  /** Resolves with the answer; rejects with what the other side threw, or when it has ended. `moved` is memory that goes along. */
  ask<What extends keyof Asked & string>(
    what: What,
    asked: Asked[What][0],
    moved: readonly Transferable[] = [],
  ): Promise<Asked[What][1]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#lastId += 1;
    const id = this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#port.postMessage({ kind: "ask", id, what, with: asked } satisfies PortMessage, moved);
    return waiting.promise as Promise<Asked[What][1]>;
  }

  /** A message has come from the other side. */
  async receive(message: PortMessage): Promise<void> {
    if (message.kind === "ask") {
      const { value, memory } = await this.#answered(message);
      this.#port.postMessage(value, memory);
      return;
    }
    const { id } = message;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message.kind === "answer") waiting?.resolve(message.value);
    else waiting?.reject(errorFrom(message.error));
  }

  /** The other side has ended: nobody answers any more. */
  end(cause: Error): void {
    this.#ended = cause;
    for (const { reject } of this.#waiting.values()) reject(cause);
    this.#waiting.clear();
  }

  async #answered({
    id,
    what,
    with: asked,
  }: PortMessage & { kind: "ask" }): Promise<Moved<PortMessage>> {
    try {
      const answer = await this.#answers[what]?.(asked);
      if (!(answer instanceof Moved)) return new Moved({ kind: "answer", id, value: answer }, []);
      return new Moved({ kind: "answer", id, value: answer.value }, answer.memory);
    } catch (thrown) {
      return new Moved({ kind: "failure", id, error: factsOf(thrown) }, []);
    }
  }
}
