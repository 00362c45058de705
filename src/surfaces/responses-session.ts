/** One WebSocket of Responses: turns in, the events of their responses out, many turns on one connection. */

import { create as createMessage } from "@bufbuild/protobuf";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { onAbort } from "#core/on-abort.ts";
import { Slots } from "#core/slots.ts";
import { isObject, type Json, parameterInvalid } from "#dialects/json-object.ts";
import { RelayedRefusal } from "#dialects/relay/relay.ts";
import { fault, infoMetadataOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { bodyTooLarge } from "#exchange/body-fault.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ChatEventSchema } from "#gen/polygate/v1/conversation_pb.js";
import { valuesOf } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { CallPath } from "#rpc/call.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { admitted, received } from "#rpc/intake.ts";
import type { WebSocketConnection } from "#websocket/connection.ts";
import { closeCode } from "#websocket/frame.ts";
import type { HandshakeSource } from "#websocket/handshake.ts";
import { type Asked, askedOf, ChatStream, headersOf, sseText } from "./chat-turn.ts";
import { parseBody } from "./json-body.ts";
import type { LlmChat } from "./llm-paths.ts";
import { placedFault } from "./placed-fault.ts";
import { joinedItems, ResponseChain } from "./response-chain.ts";
import { ResponseEvents, withMembers } from "./response-events.ts";

/** What a connection's turns need. */
export interface ResponsesSessionOptions {
  readonly calls: CallPath;
  readonly clock: Clock;
  readonly endpoint: LlmChat;
  /** The handshake, as the beginning of a turn that the signal ends. */
  readonly sourceOf: (signal: AbortSignal) => HandshakeSource;
  readonly record: CallRecord;
  /** Largest conversation. */
  readonly bodyBytesMax: number;
  /** What conversations that may be gone on with hold, those of all connections together. */
  readonly kept: ByteBudget;
  /** What turns hold that run or wait, likewise. */
  readonly waiting: ByteBudget;
  readonly readsText: boolean;
}

/** Responses that are made at one time, and turns that may wait besides; then no more is read. */
const inFlightMax = 16;
const turnsMax = 2 * inFlightMax;
/** Lanes that have a name. */
const lanesMax = 32;
const laneName = /^[\w.-]{1,256}$/;
/** How long a connection lasts. */
const lifeMs = 60 * 60 * 1000;
const lifeWords =
  "Responses websocket connection limit reached (60 minutes). Create a new websocket connection to continue.";

/** A message of the client that asks for a response. */
interface Create {
  /** Its lane: what its client calls `stream_id`; empty for the one without a name. */
  readonly lane: string;
  /** Members of the request, without those of the message. */
  readonly body: Json;
  /** False: nothing is to be written, only to be gone on from. */
  readonly isGenerated: boolean;
  readonly bytes: number;
}

/** A turn while it runs. */
interface Turn {
  readonly lane: string;
  readonly record: CallRecord;
  readonly call: ExchangeCall;
  /** The response that it goes on from. */
  readonly previous: string | undefined;
  /** All that is said up to it: elements of a JSON array. */
  input: string;
  /** Its client was sent something of the response. */
  isStarted: boolean;
}

/** Elements of the array that `input` stands for. */
function itemsIn(input: unknown): string {
  if (input === undefined || input === null) return "";
  const items = Array.isArray(input) ? input : [{ role: "user", content: input }];
  return JSON.stringify(items).slice(1, -1);
}

/** A refusal that the API has a word of its own for. */
function refusal(code: string, param: string, description: string) {
  const error = parameterInvalid(param, description);
  return fault("PARAMETER_INVALID", error.rawMessage, {
    fields: [{ field: param, description }],
    metadata: { param, code },
  });
}

function notFound(id: string) {
  const name = id.slice(0, 256);
  return refusal(
    "previous_response_not_found",
    "previous_response_id",
    `the response "${name}" is not kept on this connection: send the whole conversation`,
  );
}

/** The connection. */
export class ResponsesSession {
  readonly #connection: WebSocketConnection;
  readonly #options: ResponsesSessionOptions;
  readonly #chain: ResponseChain;
  readonly #slots = new Slots(inFlightMax);
  /** The end of the last turn of each lane. */
  readonly #lanes = new Map<string, Promise<void>>();
  /** Turns so far. */
  #count = 0;
  /** Turns that run or wait, and their bytes. */
  #turns = 0;
  #turnBytes = 0;
  #onTurnEnd: () => void = () => {};
  /** Texts go out one after the other. */
  #sent: Promise<void> = Promise.resolve();
  /** Why no more turns are taken. */
  #ending: "life" | "retired" | undefined;

  constructor(connection: WebSocketConnection, options: ResponsesSessionOptions) {
    this.#connection = connection;
    this.#options = options;
    const { bodyBytesMax: itemsBytesMax, kept: held } = options;
    this.#chain = new ResponseChain({ itemsBytesMax, held });
  }

  /** Serves the connection until it is closed. Never rejects. */
  async run(): Promise<void> {
    using _chain = this.#chain;
    const { clock } = this.#options;
    const { signal } = this.#connection;
    clock.sleep(lifeMs, signal).then(
      () => this.#end("life"),
      () => {},
    );
    try {
      for await (const text of this.#connection.texts()) await this.#take(text);
    } catch {
      // The client has left.
    }
    // What still runs hears of that by its signal.
    await Promise.all(this.#lanes.values());
  }

  /** Takes no more turns, and closes once there are none. */
  retire(): void {
    this.#end("retired");
  }

  #end(why: "life" | "retired"): void {
    this.#ending ??= why;
    if (this.#turns === 0) void this.#close();
  }

  async #close(): Promise<void> {
    if (this.#connection.signal.aborted) return;
    if (this.#ending === "life") await this.#tell(this.#refusalOfEnding());
    const word = this.#ending === "life" ? "websocket_connection_limit_reached" : "SHUTTING_DOWN";
    await this.#connection.close(closeCode.goingAway, word);
  }

  #refusalOfEnding(): unknown {
    return this.#ending === "life"
      ? fault("PARAMETER_INVALID", lifeWords, {
          metadata: { code: "websocket_connection_limit_reached" },
        })
      : fault("SHUTTING_DOWN", "the server is shutting down: open another connection");
  }

  /** Takes a message; resolves when the next one may be read. */
  async #take(text: string): Promise<void> {
    let lane: string | undefined;
    try {
      const message = parseBody(Buffer.from(text));
      if (!isObject(message)) throw parameterInvalid("", "expected an object");
      // Codex says which responses it has worked through.
      if (message.type === "response.processed") return;
      if (message.type !== "response.create") {
        throw parameterInvalid("type", "expected response.create: no other event is taken");
      }
      lane = this.#laneOf(message);
      if (this.#ending !== undefined) throw this.#refusalOfEnding();
      const create = this.#createOf(message, lane, Buffer.byteLength(text));
      await this.#room(create.bytes);
      const { waiting } = this.#options;
      if (!(await waiting.takeInTurn(create.bytes, this.#connection.signal))) {
        throw fault("BUFFERS_FULL", "too many messages wait for the server");
      }
      this.#begin(create);
    } catch (thrown) {
      await this.#refuse(thrown, lane);
    }
  }

  /** Refuses a message that begins no turn: a call that failed, with its line and its place in metrics. */
  async #refuse(thrown: unknown, lane = ""): Promise<void> {
    using opened = this.#openTurn(lane, undefined);
    const { turn } = opened;
    const failure = await this.#options.calls.failed(ChatService.method.chat, turn.call, thrown);
    await this.#tell(failure, lane, turn);
  }

  /** The lane of a message. Throws for a name that is none, and for one more than there may be. */
  #laneOf({ stream_id: name }: Json): string {
    if (name === undefined || name === null) return "";
    if (typeof name !== "string" || !laneName.test(name)) {
      throw refusal(
        "invalid_stream_id",
        "stream_id",
        "expected 1 to 256 letters, digits, underscores, hyphens and periods",
      );
    }
    const named = this.#lanes.size - (this.#lanes.has("") ? 1 : 0);
    if (!this.#lanes.has(name) && named >= lanesMax) {
      throw refusal(
        "websocket_stream_limit_reached",
        "stream_id",
        `a connection has ${lanesMax} of them: reuse one, or open another connection`,
      );
    }
    return name;
  }

  #createOf(message: Json, lane: string, bytes: number): Create {
    const { type, stream_id, generate = true, stream, background = false, ...body } = message;
    if (background !== false && background !== null) {
      throw refusal("unsupported_parameter", "background", "goes without a WebSocket");
    }
    if (typeof generate !== "boolean") throw parameterInvalid("generate", "expected true or false");
    return { lane, body, isGenerated: generate, bytes };
  }

  /** Waits while as many turns, or bytes of turns, are there as may be. */
  async #room(bytes: number): Promise<void> {
    const { bodyBytesMax } = this.#options;
    const isFull = () =>
      this.#turns >= turnsMax || (this.#turns > 0 && this.#turnBytes + bytes > bodyBytesMax);
    while (isFull()) {
      await new Promise<void>((resolve) => {
        this.#onTurnEnd = resolve;
      });
    }
  }

  /** Begins a turn after those of its lane. */
  #begin(create: Create): void {
    const { lane, bytes } = create;
    this.#turns += 1;
    this.#turnBytes += bytes;
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    const turn = before
      .then(() => this.#inSlot(create))
      // It fails when the client has left, whom no one can tell.
      .catch(() => {})
      .finally(() => {
        this.#turns -= 1;
        this.#turnBytes -= bytes;
        this.#options.waiting.release(bytes);
        this.#onTurnEnd();
        if (this.#ending !== undefined && this.#turns === 0) void this.#close();
      });
    this.#lanes.set(lane, turn);
  }

  async #inSlot(create: Create): Promise<void> {
    const { signal } = this.#connection;
    await this.#slots.take(signal);
    try {
      signal.throwIfAborted();
      await this.#run(create);
    } finally {
      this.#slots.give();
    }
  }

  async #run(create: Create): Promise<void> {
    const { previous_response_id: named } = create.body;
    const previous = typeof named === "string" && named !== "" ? named : undefined;
    using opened = this.#openTurn(create.lane, previous);
    const { turn, source } = opened;
    try {
      await this.#respond(create, turn, source);
    } catch (thrown) {
      if (previous !== undefined) this.#chain.evict(turn.lane, previous);
      if (!this.#connection.signal.aborted) await this.#tell(thrown, turn.lane, turn);
    }
  }

  /** A turn as a call that has not begun; disposing of it lets go of the connection's signal. */
  #openTurn(lane: string, previous: string | undefined) {
    const { sourceOf, endpoint, clock } = this.#options;
    const left = new AbortController();
    const unfollow = onAbort(this.#connection.signal, (reason) => left.abort(reason));
    const record = this.#recordOf();
    const source = sourceOf(left.signal);
    const call = new ExchangeCall(source, valuesOf(record), endpoint.surface, { clock });
    const turn: Turn = { lane, record, call, previous, input: "", isStarted: false };
    return { turn, source, [Symbol.dispose]: unfollow };
  }

  /** What is known of one turn: the handshake's record is the connection's. */
  #recordOf(): CallRecord {
    const { record, clock } = this.#options;
    this.#count += 1;
    return {
      requestId: `${record.requestId}-${this.#count}`,
      listener: record.listener,
      port: record.port,
      clientAddress: record.clientAddress,
      ...(record.certificate === undefined ? {} : { certificate: record.certificate }),
      httpMethod: record.httpMethod,
      httpVersion: record.httpVersion,
      startMs: clock.nowMs(),
      endpoint: record.endpoint,
      ...(record.surface === undefined ? {} : { surface: record.surface }),
      ...(record.trace === undefined ? {} : { trace: record.trace.again() }),
      // Nothing ends it but the call.
      status: 101,
      called: false,
    };
  }

  /** Makes the response of a turn. Throws what its client is to learn. */
  async #respond(create: Create, turn: Turn, source: HandshakeSource): Promise<void> {
    const { calls } = this.#options;
    const { chat } = ChatService.method;
    const { call } = turn;
    await admitted(calls, chat, call, () => {});
    const asked = await received(calls, chat, call, () => this.#ask(create, turn, source));
    try {
      if (create.isGenerated) await this.#stream(asked, turn);
      else await this.#prepare(asked, turn);
    } catch (thrown) {
      const error = placedFault(asked.placeOf, thrown);
      const isUnkept = infoMetadataOf(error).param === "previous_response_id";
      throw isUnkept && turn.previous !== undefined ? notFound(turn.previous) : error;
    }
  }

  /** The request of a turn: what was said before it and is kept here, and what is new. */
  #ask({ body }: Create, turn: Turn, source: HandshakeSource): Asked {
    const { endpoint, clock, readsText, bodyBytesMax } = this.#options;
    const { input, previous_response_id, ...others } = body;
    const kept = turn.previous === undefined ? "" : this.#chain.itemsOf(turn.previous);
    // What its provider keeps only the provider can go on from.
    if (kept === undefined && body.store === false) throw notFound(turn.previous ?? "");
    turn.input = joinedItems(kept ?? "", itemsIn(input));
    const isUnkept = turn.previous === undefined || kept === undefined;
    const unkept = isUnkept ? { previous_response_id } : {};
    const head = JSON.stringify({ ...others, ...unkept, stream: true });
    const text = turn.input === "" ? head : `${head.slice(0, -1)},"input":[${turn.input}]}`;
    const bytes = Buffer.from(text);
    if (bytes.length > bodyBytesMax) throw bodyTooLarge(bodyBytesMax);
    return askedOf(
      endpoint,
      { body: parseBody(bytes), bytes },
      {
        ...{ call: turn.call, record: turn.record, clock, readsText },
        head: (name) => relayedField(source.header(name)),
        target: source.target,
      },
    );
  }

  async #stream(asked: Asked, turn: Turn): Promise<void> {
    const { calls, endpoint, bodyBytesMax } = this.#options;
    const stream = new ChatStream(calls, turn.call, endpoint.dialect, asked);
    const events = new ResponseEvents(bodyBytesMax);
    const send = async (text: string | Uint8Array) => {
      const headers = () => headersOf(stream.header, asked.dropped(), turn.record, asked.placeOf);
      for (const event of events.read(text)) await this.#sendEvent(event, turn, headers);
    };
    try {
      for await (const piece of stream.pieces) await send(stream.write(piece));
      await send(stream.end());
    } catch (thrown) {
      if (!turn.isStarted || this.#connection.signal.aborted) throw thrown;
      await send(stream.fail(thrown));
    }
    this.#ended(turn, events);
  }

  /** Nothing is written: what is to come is prepared by keeping what was said. */
  async #prepare(asked: Asked, turn: Turn): Promise<void> {
    const { endpoint, bodyBytesMax } = this.#options;
    const writer = endpoint.dialect.streamWriter(asked.facts);
    const event = { case: "start", value: { id: "", model: "" } } as const;
    const start = createMessage(ChatEventSchema, { event });
    const events = new ResponseEvents(bodyBytesMax);
    const frames = [...writer.write(start), ...writer.end()];
    const headers = () => headersOf(new Headers(), [], turn.record);
    for (const text of events.read(frames.map(sseText).join(""))) {
      await this.#sendEvent(text, turn, headers);
    }
    this.#ended(turn, events);
  }

  /** A response has ended: the next turn of its lane may go on from it. */
  #ended({ lane, previous, input }: Turn, { kept }: ResponseEvents): void {
    if (kept !== undefined) this.#chain.keep(lane, kept.id, joinedItems(input, kept.items));
    else if (previous !== undefined) this.#chain.evict(lane, previous);
  }

  /** Sends an event of a response; the first one has what the head of a response over HTTP has. */
  async #sendEvent(
    event: string,
    turn: Turn,
    headers: () => ReturnType<typeof headersOf>,
  ): Promise<void> {
    const lane = turn.lane === "" ? {} : { stream_id: turn.lane };
    const head = turn.isStarted ? {} : { headers: Object.fromEntries(headers()) };
    turn.isStarted = true;
    await this.#send(withMembers(event, { ...lane, ...head }));
  }

  /** Reports to the client what failed, in the API's shape. */
  async #tell(thrown: unknown, lane = "", turn?: Turn): Promise<void> {
    const { endpoint, record } = this.#options;
    const { requestId } = turn?.record ?? record;
    const error = faultFrom(thrown);
    const written = endpoint.dialect.writeError(error, requestId);
    const told = wordsOf(error.cause) ?? written;
    const fields = turn === undefined ? [] : metadataFields(turn.call.responseHeader);
    const event = {
      type: "error",
      status: told.status,
      error: told.body.error,
      ...(lane === "" ? {} : { stream_id: lane }),
      headers: Object.fromEntries([
        ...fields,
        ...metadataFields(error.metadata),
        ...written.headers,
      ]),
    };
    // It fails when the client has left.
    await this.#send(JSON.stringify(event)).catch(() => {});
  }

  /** Sends a text after those that were sent before: each is cut into pieces where the client is slow. */
  #send(text: string): Promise<void> {
    const sent = this.#sent.then(() => this.#connection.send(text));
    this.#sent = sent.catch(() => {});
    return sent;
  }
}

/** A field of the handshake that providers are to see: what it says of the WebSocket itself is not theirs. */
function relayedField(value: string | undefined): string | undefined {
  return value?.startsWith("responses_websockets") === true ? undefined : value;
}

/** A refusal in the format of a provider of the client's dialect. */
function wordsOf(cause: unknown): { readonly status: number; readonly body: Json } | undefined {
  if (!(cause instanceof RelayedRefusal)) return undefined;
  try {
    const body: unknown = JSON.parse(Buffer.from(cause.body).toString());
    return isObject(body) && isObject(body.error) ? { status: cause.status, body } : undefined;
  } catch {
    return undefined;
  }
}
