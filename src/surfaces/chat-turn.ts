/** One chat of a vendor's client: what was asked, and its response as the text of a stream. */

import type { Clock } from "#core/clock.ts";
import { clientPlace } from "#dialects/client-places.ts";
import type { DialectServer, Frame, ResponseFacts, StreamWriter } from "#dialects/dialect.ts";
import { Relay, relayKey } from "#dialects/relay/relay.ts";
import { relayedHead } from "#dialects/relay/rules.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { HeaderList } from "#exchange/exchange.ts";
import {
  type ChatRequest,
  ChatService,
  type StreamChatResponse,
} from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import type { CallRecord } from "#observability/call-record.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallPath, CallResponse } from "#rpc/call.ts";
import type { ExchangeCall } from "#rpc/exchange-call.ts";
import { once } from "#rpc/once.ts";
import type { LlmChat } from "./llm-paths.ts";

/** A chat as it was asked for. */
export interface Asked {
  /** What the service is asked: never a stream by itself. */
  readonly request: ChatRequest;
  readonly isStream: boolean;
  readonly facts: ResponseFacts;
  readonly relay: Relay;
  /** Parameters that were sent to no provider because no one knows them; a relay sends them. */
  dropped(): readonly string[];
  /** What a place in the canonical request is in the client's words. */
  readonly placeOf: (place: string) => string;
}

/** A body, and the bytes that it was read of. */
export interface AskedBody {
  readonly body: unknown;
  readonly bytes: Uint8Array;
}

/** What comes with a chat besides its body. */
export interface Asking {
  readonly call: ExchangeCall;
  readonly record: CallRecord;
  readonly clock: Clock;
  /** What is said is kept: streams are read whole. */
  readonly readsText: boolean;
  /** Fields and target of the request, some of which its provider is to see. */
  readonly head: (name: string) => string | undefined;
  readonly target: string;
}

/** What a place in the canonical request of a chat is in its client's words. */
export function placesIn(
  { name }: DialectServer,
  { request }: Pick<ResponseFacts, "request">,
): (place: string) => string {
  return (place) => clientPlace(name, request, place);
}

/** Reads a chat. Its bytes stay next to it, for providers that speak the client's dialect. */
export function askedOf(endpoint: LlmChat, { body, bytes }: AskedBody, asking: Asking): Asked {
  const { request: read, unknown, includeUsage = false } = endpoint.read(body);
  const { call, record, clock, readsText, head, target } = asking;
  const dialect = endpoint.dialect.name;
  const relay = new Relay(
    {
      dialect,
      body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      ...relayedHead(dialect, head, target),
      hidesUsage: dialect === "openai-chat" && read.stream && !includeUsage,
    },
    readsText,
  );
  call.values.set(relayKey, relay);
  const nowSeconds = () => Math.floor(clock.wallMs() / 1000);
  const facts: ResponseFacts = {
    request: read,
    createdSeconds: nowSeconds(),
    nowSeconds,
    // A relay has no use for it.
    get responseId() {
      return record.requestId.replace(/[^\w-]/g, "_");
    },
    includeUsage,
  };
  return {
    request: { ...read, stream: false, withParts: true },
    isStream: read.stream,
    facts,
    relay,
    dropped: () => (relay.isRelayed ? [] : unknown),
    placeOf: placesIn(endpoint.dialect, facts),
  };
}

/** A frame on the wire of server-sent events. */
export function sseText({ event, data }: Frame): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

function textOf(frames: readonly Frame[]): string {
  return frames.map(sseText).join("");
}

/** A response in pieces, and the text of each. */
export class ChatStream {
  readonly #response: CallResponse<StreamChatResponse>;
  readonly #writer: StreamWriter;
  readonly #relay: Relay;
  /** Nothing may follow: the provider has reported the failure itself. */
  #isOver = false;
  /** The provider's words are sent as they are: known since the first event. */
  #isRelayed: boolean | undefined;

  constructor(
    calls: CallPath,
    call: ExchangeCall,
    dialect: DialectServer,
    { request, facts, relay }: Pick<Asked, "request" | "facts" | "relay">,
  ) {
    this.#response = calls.stream(
      ChatService.method.streamChat,
      once(request),
      call,
      (message) => message as StreamChatResponse,
    );
    this.#writer = dialect.streamWriter(facts);
    this.#relay = relay;
  }

  /** Metadata of the response; whole once the first piece is there. */
  get header(): Headers {
    return this.#response.header;
  }

  get pieces(): AsyncIterable<StreamChatResponse> {
    return this.#response.messages;
  }

  /** The text of a piece: the frames of its events, or the words of a provider that speaks the client's dialect. */
  write({ events }: StreamChatResponse): string | Uint8Array {
    return this.#writeEvents(events);
  }

  /** Of events that came together the first has, in a relay, the words of all. */
  #writeEvents(events: readonly ChatEvent[]): string | Uint8Array {
    const [first] = events;
    if (first === undefined) return "";
    const words = this.#relay.wordsOf(first);
    this.#isRelayed ??= words !== undefined;
    if (!this.#isRelayed) return textOf(events.flatMap((event) => this.#writer.write(event)));
    // A failure of the gateway's own, which it would write, is one of the same response.
    if (first.event.case === "start") this.#writer.write(first);
    this.#isOver ||= words?.isFailure === true;
    if (words !== undefined) this.#writer.follow?.(words.bytes);
    return words?.bytes ?? "";
  }

  /** The last text of a response that is whole. */
  end(): string {
    return this.#isRelayed ? "" : textOf(this.#writer.end());
  }

  /** The last text of one that failed. */
  fail(thrown: unknown): string {
    return this.#isOver ? "" : textOf(this.#writer.fail(faultFrom(thrown)));
  }
}

/** Headers of a response; parameters that no one knew are named among the dropped ones, all in the client's words. */
export function headersOf(
  header: Headers,
  unknown: readonly string[],
  { requestId }: CallRecord,
  placeOf = (name: string) => name,
): HeaderList {
  const fields = metadataFields(header);
  const told = header.get("x-polygate-dropped")?.split(",") ?? [];
  if (told.length + unknown.length === 0) return [...fields, ["request-id", requestId]];
  return [
    ...fields.filter(([name]) => name !== "x-polygate-dropped"),
    ["request-id", requestId],
    ["x-polygate-dropped", droppedText([...told.map(placeOf), ...unknown])],
  ];
}

/** Names of a client's fields may be of any length and characters. */
function droppedText(names: readonly string[]): string {
  return names
    .slice(0, 32)
    .map((name) => name.replace(/[^\x21-\x2b\x2d-\x7e]/g, "_").slice(0, 64))
    .join(",");
}
