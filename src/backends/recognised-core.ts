/** A core of which no one said what it speaks: its first health check, or its first call, finds out. */

import type { Conversation } from "#chat/normalize.ts";
import { abortable } from "#core/abortable.ts";
import { type Clock, timeLimit } from "#core/clock.ts";
import { settleWithin } from "#core/settle-within.ts";
import { fault, infoMetadataOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import type { ChatBackend, ChatCall, ListedModel } from "./backend.ts";

/** The same core in both languages. */
export interface CoreLanguages {
  readonly grpc: ChatBackend & {
    /** Whether it serves; undefined when it answers that there is no such service. */
    serves(signal: AbortSignal): Promise<boolean | undefined>;
  };
  readonly http: ChatBackend & {
    /** The HTTP status that a health check is answered with. */
    probe(signal: AbortSignal): Promise<number>;
  };
}

/** Time to find out. */
const findMs = 5_000;
/** How long gRPC is waited for once HTTP has answered: some servers are silent to what they do not speak. */
const grpcPatienceMs = 500;

/** How something ended, without throwing. */
type Outcome<T> = { readonly value: T } | { readonly thrown: unknown };

function outcomeOf<T>(work: Promise<T>): Promise<Outcome<T>> {
  return work.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  );
}

/** Asks in both languages at once, and stays with the one that is answered until a health check is not. */
export class RecognisedCore implements ChatBackend {
  readonly #languages: CoreLanguages;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #known: ChatBackend | undefined;
  /** One for all who wait for it. */
  #finding: Promise<ChatBackend> | undefined;

  /** Owns both. */
  constructor(languages: CoreLanguages, clock: Clock) {
    this.#languages = languages;
    this.#clock = clock;
  }

  chat(request: Conversation, call: ChatCall): Promise<ChatResponse> {
    return (
      this.#known?.chat(request, call) ??
      this.#core(call.signal).then((core) => core.chat(request, call))
    );
  }

  streamChat(request: Conversation, call: ChatCall): AsyncIterable<readonly ChatEvent[]> {
    return this.#known?.streamChat(request, call) ?? this.#streamOnceKnown(request, call);
  }

  async *#streamOnceKnown(
    request: Conversation,
    call: ChatCall,
  ): AsyncGenerator<readonly ChatEvent[]> {
    const core = await this.#core(call.signal);
    for await (const batch of core.streamChat(request, call)) yield batch;
  }

  async listModels(signal: AbortSignal): Promise<readonly ListedModel[]> {
    return await (await this.#core(signal)).listModels(signal);
  }

  /** As the core's own; one that does not answer is asked again what it speaks: another may come in its place. */
  async check(signal: AbortSignal): Promise<unknown> {
    const core = await this.#core(signal);
    try {
      return await core.check(signal);
    } catch (thrown) {
      // One that ran out of time may only be busy; one that says how it is has spoken.
      const hasSpoken = infoMetadataOf(faultFrom(thrown)).upstream_status !== undefined;
      if (!signal.aborted && !hasSpoken) this.#known = undefined;
      throw thrown;
    }
  }

  async #core(signal: AbortSignal): Promise<ChatBackend> {
    if (this.#known !== undefined) return this.#known;
    this.#finding ??= this.#find().then(
      (found) => {
        this.#finding = undefined;
        this.#known = found;
        return found;
      },
      (thrown: unknown) => {
        this.#finding = undefined;
        throw thrown;
      },
    );
    return await abortable(this.#finding, signal);
  }

  /** A word in gRPC counts first, for many servers of gRPC answer HTTP too; else who answers HTTP speaks that. */
  async #find(): Promise<ChatBackend> {
    const { grpc, http } = this.#languages;
    using limit = timeLimit(findMs, this.#closed.signal, this.#clock);
    const found = new AbortController();
    const signal = AbortSignal.any([limit.signal, found.signal]);
    try {
      const overGrpc = outcomeOf(grpc.serves(signal));
      const overHttp = outcomeOf(http.probe(signal));
      const patient = overHttp.then(async (answer) => {
        if ("thrown" in answer) return await overGrpc;
        await settleWithin(overGrpc, grpcPatienceMs, this.#clock);
        return undefined;
      });
      const said = await Promise.race([overGrpc, patient]);
      const isServed = said !== undefined && "value" in said;
      if (isServed && said.value !== undefined) return grpc;
      const answer = await overHttp;
      // A web server's 404 reads like that of a core without the health service.
      if ("value" in answer && (!isServed || answer.value < 300)) return http;
      if (isServed) return grpc;
      if (limit.signal.aborted) {
        throw fault("BACKEND_TIMEOUT", `the core spoke neither gRPC nor HTTP within ${findMs} ms`);
      }
      throw said === undefined ? new TypeError("HTTP was answered") : said.thrown;
    } finally {
      found.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await using closing = new AsyncDisposableStack();
    closing.use(this.#languages.grpc);
    closing.use(this.#languages.http);
  }
}
