/** A request in its client's own words, for providers that speak them too, and what those said in reply. */

import { type ContextKey, createContextKey } from "@connectrpc/connect";
import type { ServerDialect } from "#dialects/dialect.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";

/** A request as it came, next to its canonical form. */
export interface RelayRequest {
  readonly dialect: ServerDialect;
  /** JSON, checked and read already. */
  readonly body: Buffer;
  /** Fields of its head that the provider is to see. */
  readonly headers: Readonly<Record<string, string>>;
  /** Query that the provider is to see, with its `?`; empty for none. */
  readonly query: string;
  /** The client asked for a stream, and did not ask for the frame that tells its usage. */
  readonly hidesUsage: boolean;
}

/** What a provider said: bytes for the client as they are. */
export interface Words {
  readonly bytes: Uint8Array;
  /** They tell that the stream failed: nothing may follow them. */
  readonly isFailure?: boolean;
}

/**
 * One call's words. A provider of the client's dialect leaves the bytes of each event, or of the whole
 * response, next to the canonical message; whoever writes to the client sends them in its stead.
 */
export class Relay {
  #request: RelayRequest;
  #isRelayed = false;
  #readsText: boolean;
  /** Events of text that were passed on without being read: each has a token, at least. */
  unread = 0;
  readonly #words = new WeakMap<ChatEvent | ChatResponse, Words>();

  /** `readsText`: somebody reads what is said, and not only how much. */
  constructor(request: RelayRequest, readsText = false) {
    this.#request = request;
    this.#readsText = readsText;
  }

  /** The provider's stream is to be read whole; else its text is passed on without a look at it. */
  get readsText(): boolean {
    return this.#readsText;
  }

  /** Somebody reads what is said. */
  readText(): void {
    this.#readsText = true;
  }

  /** What a provider of the client's dialect is sent. */
  get request(): RelayRequest {
    return this.#request;
  }

  /**
   * From now on a provider is sent the JSON that was read, not the bytes that it was read of: of two
   * members of a name, which readers choose from as they like, the one that was judged.
   */
  sendAsRead(): void {
    const body = Buffer.from(JSON.stringify(JSON.parse(this.#request.body.toString())));
    this.#request = { ...this.#request, body };
  }

  /** A provider was sent the client's words, and nothing of them was left out. */
  get isRelayed(): boolean {
    return this.#isRelayed;
  }

  /** `message` was said in these words. */
  said(message: ChatEvent | ChatResponse, words: Words): void {
    this.#isRelayed = true;
    this.#words.set(message, words);
  }

  /** The words of a message; undefined when it was translated, or others' words say it too. */
  wordsOf(message: ChatEvent | ChatResponse): Words | undefined {
    return this.#words.get(message);
  }
}

/** The relay of a call; undefined where clients speak no vendor's dialect. */
export const relayKey: ContextKey<Relay | undefined> = createContextKey<Relay | undefined>(
  undefined,
  { description: "relay" },
);

/** What a provider sent instead of a response, as its client may have it. Cause of the call's fault. */
export class RelayedRefusal extends Error {
  readonly status: number;
  readonly body: Uint8Array;

  constructor(status: number, body: Uint8Array) {
    super(`the provider answered ${status}`);
    this.status = status;
    this.body = body;
  }
}
