/** Gathers the pieces of a stream into the response that they make, within a number of bytes. */

import { clone, toBinary } from "@bufbuild/protobuf";
import { Assembler } from "#chat/assemble.ts";
import { isWithinBounds } from "#chat/stream-bounds.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import { HeldBytes } from "#core/held-bytes.ts";
import type { Relay } from "#dialects/relay/relay.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  type StreamChatResponse,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { ChatEventSchema } from "#gen/polygate/v1/conversation_pb.js";

/** What bounds a stream that is gathered. */
export interface GatheredChatOptions {
  readonly bytesMax: number;
  /** What the process holds of all calls. */
  readonly buffers: ByteBudget;
  /** Has a provider's words next to the events. */
  readonly relay: Relay | undefined;
}

/** Bytes that a piece takes besides what it says. */
const pieceBytes = 256;

/** One stream. Disposing of it gives its bytes back. */
export class GatheredChat implements Disposable {
  readonly #options: GatheredChatOptions;
  #held: HeldBytes;
  readonly #assembler = new Assembler();
  /** It was too large: what is there is not all of it. */
  isFull = false;

  constructor(options: GatheredChatOptions) {
    this.#options = options;
    this.#held = new HeldBytes(options.buffers);
  }

  /** The response so far, in parts; its own copy of all that may still grow. */
  get response(): ChatResponse {
    return this.#assembler.response;
  }

  /** Adds a piece that tells its events; false when there is no room for it, and then for none. */
  add(piece: StreamChatResponse): boolean {
    const { bytesMax, buffers, relay } = this.#options;
    let bytes = pieceBytes + toBinary(StreamChatResponseSchema, piece).length;
    for (const event of piece.events) bytes += relay?.wordsOf(event)?.bytes.length ?? 0;
    const fits = this.#held.bytes + bytes <= bytesMax && piece.events.every(isWithinBounds);
    if (!fits || !buffers.take(bytes)) {
      this.isFull = true;
      this.#held.keepOnly(0);
      return false;
    }
    this.#held.adopt(bytes);
    for (const event of piece.events) {
      // Deltas are added to the part that began: to a copy of it, for the client is given the event.
      const begins = event.event.case === "partStart";
      this.#assembler.add(begins ? clone(ChatEventSchema, event) : event);
    }
    return true;
  }

  /** Its bytes for whoever goes on holding the response, and the request with it; undefined when there is no room for that. */
  handOver(request: ChatRequest): Disposable | undefined {
    const { length: bytes } = toBinary(ChatRequestSchema, request);
    if (!this.#options.buffers.take(bytes)) return undefined;
    const held = this.#held;
    held.adopt(bytes);
    this.#held = new HeldBytes(this.#options.buffers);
    return held;
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}
