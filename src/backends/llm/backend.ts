/** One LLM provider at one address: canonical requests in, canonical responses and events out. */

import { ConnectError } from "@connectrpc/connect";
import type { Ability, ChatBackend, ChatCall, ListedModel } from "#backends/backend.ts";
import { connectionFault } from "#backends/connection-fault.ts";
import { heldUntilContent } from "#chat/commit.ts";
import { type Conversation, withContext } from "#chat/normalize.ts";
import type { Clock } from "#core/clock.ts";
import { Deadlines } from "#core/deadlines.ts";
import type { Standing } from "#core/fitness.ts";
import { withoutSecrets } from "#core/redact.ts";
import type { TraceContext } from "#core/trace-context.ts";
import { inTurns, turns } from "#core/turns.ts";
import { countClients, embedClients } from "#dialects/abilities.ts";
import { requireAnswers } from "#dialects/answered-calls.ts";
import type {
  DialectClient,
  DialectName,
  ErrorResponse,
  Frame,
  StreamReader,
  WrittenRequest,
} from "#dialects/dialect.ts";
import { clients } from "#dialects/dialects.ts";
import { readTogether } from "#dialects/event-batch.ts";
import { frameReader } from "#dialects/frame-reader.ts";
import { writtenFrom } from "#dialects/json-texts.ts";
import { capabilitiesOf } from "#dialects/listed-model.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import type { ModelFacts } from "#dialects/model-facts.ts";
import type { OperationPiece, OperationRequest, SentBody } from "#dialects/relay/client-body.ts";
import { withFileIds } from "#dialects/relay/file-ids.ts";
import { type Relay, RelayedRefusal } from "#dialects/relay/relay.ts";
import { hasForeignState, headRules, relayedBody } from "#dialects/relay/rules.ts";
import { RelayReader } from "#dialects/relay/stream.ts";
import { malformed, unsupported } from "#dialects/upstream-error.ts";
import { requireLength } from "#dialects/vectors.ts";
import { isKeysFault } from "#errors/failure-class.ts";
import { fault, infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { ChatResponse, CountTokensResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import type { EmbedRequest, EmbedResponse } from "#gen/polygate/v1/embeddings_pb.js";
import { HttpClient, type IncomingResponse, type OutgoingRequest } from "#http-client/client.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { KeyRing, type KeyUse, tailOf } from "./key-ring.ts";
import { type DialectPaths, keyHeaders, pathsOf, type VertexPlace } from "./paths.ts";
import type { KeyHeader } from "./presets.ts";
import { LimitedCall } from "./response-limits.ts";
import { parseVectors } from "./vector-json.ts";

/** How a provider is reached. */
export interface LlmBackendOptions {
  /** Name of the provider. */
  readonly name: string;
  readonly dialect: DialectName;
  /** Origin and path that all paths of the dialect follow. */
  readonly baseUrl: string;
  /** IP address to connect to, where the name in `baseUrl` is not to be looked up. */
  readonly address?: string;
  readonly keys: readonly string[];
  readonly keyHeader: KeyHeader;
  /** It is called with the credentials of its clients. */
  readonly credentials?: "client";
  readonly profile?: string;
  /** Clients of the dialect are relayed; else translated, as all others are. */
  readonly relays?: boolean;
  /** The project on Vertex AI whose paths its calls have. */
  readonly vertex?: VertexPlace;
  readonly factsOf: (model: string) => ModelFacts;
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  /** Age at which a connection is replaced; absent: never. */
  readonly connectionAgeMaxMs?: number | undefined;
  /** Time until the first event of a response. */
  readonly firstTokenTimeoutMs: number;
  /** Time between two pieces of a response. */
  readonly idleTimeoutMs: number;
  /** Time for a whole response. */
  readonly totalTimeoutMs: number;
  /** Largest response that is not a stream. */
  readonly responseBytesMax: number;
  readonly ca?: Buffer;
}

/** What a provider needs of its surroundings. */
export interface LlmBackendDeps {
  readonly clock: Clock;
  /** Where its calls are sent with access tokens instead of keys. */
  readonly tokens?: AccessTokens;
  /** A key was refused, or its account is used up; `tail` is what may be shown of it. */
  onKeyRefused?(event: { readonly tail: string; readonly reason: string }): void;
}

/** Of what may come as a whole, a stream has as many bytes more: each token is a frame of its own. */
const framingFactor = 4;
/** Bytes of an error that are read; providers' pages of HTML can be long. */
const errorBytesMax = 64 * 1024;
/** Models of a listing that are kept. */
const listedMax = 5_000;
const listBytesMax = 8 * 1024 * 1024;
/** Refusals that are about the client's own request: it is given the provider's words for them. */
const clientsOwn: ReadonlySet<Reason | undefined> = new Set([
  "BACKEND_REJECTED",
  "CONTEXT_WINDOW_EXCEEDED",
  "CONTENT_POLICY_REFUSED",
  "BODY_TOO_LARGE",
  "MODEL_UNKNOWN",
]);

/** Events that came together. */
type Batch = readonly ChatEvent[];

/** What is sent for a chat. */
interface Outgoing {
  readonly path: string;
  readonly body: string | SentBody;
  readonly headers?: Readonly<Record<string, string>>;
  /** The client speaks the provider's dialect: both are given each other's bytes. */
  readonly relay?: Relay;
  readonly trace?: TraceContext | undefined;
}

/** What is sent to the provider. */
interface Sent extends Partial<Outgoing> {
  readonly path: string;
  /** GET without a body and POST with one when absent. */
  readonly method?: "GET" | "POST" | "DELETE";
  /** An operation besides chat, in its client's words. */
  readonly isOperation?: boolean;
}

/** A request whose key is still to be put in. */
interface Signable extends OutgoingRequest {
  readonly headers: Record<string, string>;
}

const jsonType = { "content-type": "application/json" };

/** How a call that is answered in pieces is run. */
interface ReadTerms {
  /** Within the times for a first token and for a whole response. */
  readonly isLimited?: boolean;
  readonly explain?: (error: unknown) => unknown;
}

/** What of a call says how it is signed. */
type KeyedCall = Pick<ChatCall, "model" | "relay" | "clientKey">;

/** For what is asked in nobody's name. */
const keyless: KeyUse = { key: undefined, end() {} };

const noClientKey = () =>
  fault(
    "CREDENTIAL_MISSING",
    "this provider is called with your own credential for it: send that, and the gateway's key, where it asks for one, in x-polygate-key",
  );

/** What a provider says of a client's own key is about that client alone: neither the gateway nor another call is to mind. */
function clientsFault(error: ConnectError): ConnectError {
  const retryAfterMs = retryAfterMsFrom(error);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (reasonOf(error)) {
    case "BACKEND_CREDENTIAL":
      return fault(
        "CREDENTIAL_INVALID",
        "the provider refused the credential that you sent for it",
      );
    case "BACKEND_QUOTA":
    case "BACKEND_RATE_LIMITED":
      return fault("RATE_LIMITED", "your account at the provider has reached a limit", wait);
    default:
      return error;
  }
}

/** Largest response that holds vectors: some 3 million numbers as text. */
const embedBytesMax = 32 * 1024 * 1024;
/** A count is a number; a provider may say more of it. */
const countBytesMax = 64 * 1024;

/** What not every server of a dialect can be asked. */
interface Question<T> {
  readonly bytesMax: number;
  /** What one that does not know it fails with. */
  readonly none: () => ConnectError;
  /** Reads the response; undefined when it has more bytes. */
  readonly read: (bytes: Uint8Array | undefined) => Promise<T>;
}

const noVectors = () => fault("OPERATION_UNSUPPORTED", "the provider makes no embeddings");
const noCount = () =>
  fault("OPERATION_UNSUPPORTED", "the provider counts no tokens, and the gateway does not guess");

const noOperation = ({ method, path }: OperationRequest) =>
  fault("OPERATION_UNSUPPORTED", `the provider does not know ${method} ${path.split("?", 1)[0]}`);

/** Whether a server of the dialect says that it does not have what was asked for. */
function isUnknownPath(thrown: unknown): boolean {
  const error = faultFrom(thrown);
  const status = infoMetadataOf(error).upstream_status;
  const isUnknown = status === "404" || status === "405" || status === "501";
  return isUnknown && reasonOf(error) !== "MODEL_UNKNOWN";
}

/** Fields of a relayed reply's head that reach the client; all others are the gateway's business. */
const repliedFields = ["content-type", "content-disposition"] as const;

function repliedHead(headers: Readonly<Record<string, string>>): Record<string, string> {
  const names =
    "content-encoding" in headers ? repliedFields : [...repliedFields, "content-length"];
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}

/** What a provider can do besides chat. */
export function abilitiesOf(dialect: DialectName, vertex?: VertexPlace): ReadonlySet<Ability> {
  const { embed, count, relaysOperations } = pathsOf(dialect, vertex);
  return new Set<Ability>([
    ...(embedClients[dialect] === undefined || embed === undefined ? [] : (["embed"] as const)),
    ...(countClients[dialect] === undefined || count === undefined
      ? []
      : (["count_tokens"] as const)),
    ...(relaysOperations === true ? (["relay"] as const) : []),
  ]);
}

/** What a failure says of the key that the call was sent with. */
function blameOf(thrown: unknown): {
  readonly reason: Reason | undefined;
  readonly retryAfterMs: number | undefined;
} {
  if (!(thrown instanceof ConnectError)) return { reason: undefined, retryAfterMs: undefined };
  return { reason: reasonOf(thrown), retryAfterMs: retryAfterMsFrom(thrown) };
}

function parsed(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function* operationPieces(response: IncomingResponse): AsyncGenerator<OperationPiece> {
  const head = { status: response.status, headers: repliedHead(response.headers) };
  let isFirst = true;
  for await (const data of response.chunks()) {
    yield isFirst ? { head, data } : { data };
    isFirst = false;
  }
  if (isFirst) yield { head, data: new Uint8Array(0) };
}

async function* relayed(response: IncomingResponse, reader: RelayReader): AsyncGenerator<Batch> {
  for await (const chunk of response.chunks()) {
    // A loop: `yield*` waits for each batch as if it were a promise.
    for (const batch of reader.push(chunk)) yield batch;
  }
  const last = reader.end();
  if (last.length > 0) yield last;
}

/** Calls one provider. Connects on first use. */
export class LlmBackend implements ChatBackend {
  readonly #options: LlmBackendOptions;
  readonly #deps: LlmBackendDeps;
  readonly #dialect: DialectClient;
  readonly #paths: DialectPaths;
  readonly #http: HttpClient;
  readonly #keys: KeyRing;
  readonly #first: Deadlines;
  readonly #total: Deadlines;
  #listed: readonly ListedModel[] = [];
  /** Path of the base URL, without a slash at its end. */
  readonly #basePath: string;

  constructor(options: LlmBackendOptions, deps: LlmBackendDeps) {
    const { origin, pathname } = new URL(options.baseUrl);
    this.#options = options;
    this.#deps = deps;
    this.#dialect = clients[options.dialect];
    this.#paths = pathsOf(options.dialect, options.vertex);
    this.#http = new HttpClient(origin, options);
    this.#keys = new KeyRing(options.keys, deps.clock);
    this.#first = new Deadlines(options.firstTokenTimeoutMs, deps.clock);
    this.#total = new Deadlines(options.totalTimeoutMs, deps.clock);
    this.#basePath = pathname.replace(/\/+$/, "");
  }

  /** A whole response. Fails with the reasons of docs/design/dialects.md, or the signal's reason. */
  async chat(request: Conversation, call: ChatCall): Promise<ChatResponse> {
    const outgoing = this.#outgoing(request, call, false);
    return await this.#once(call, async (signal, use) => {
      const received = await this.#exchange(outgoing, signal, use);
      const bytes = await this.#whole(received, this.#options.responseBytesMax);
      const response = this.#dialect.readResponse(parsed(bytes), this.#target(call));
      outgoing.relay?.said(response, { bytes });
      return response;
    });
  }

  /** How its keys stand for a model. */
  standing(model: string): Standing {
    // What a client's own key is worth says nothing of the next one's.
    return this.#isClients ? { fitness: "fit", restMs: 0 } : this.#keys.standing(model);
  }

  get #isClients(): boolean {
    return this.#options.credentials === "client";
  }

  /** What a call is sent with: the next key, or its client's own. Throws CREDENTIAL_MISSING. */
  #take({ model, relay, clientKey }: KeyedCall): KeyUse {
    if (!this.#isClients) return this.#keys.take(model);
    if (clientKey === undefined) throw noClientKey();
    // A client of the vendor's own API knows how it is signed; a token is no key, for one.
    const isSameApi = relay?.request.dialect === this.#options.dialect;
    const { value: key, header } = clientKey;
    return { key, ...(isSameApi ? { header } : {}), end() {} };
  }

  /** Forgets what it has seen of its keys. */
  reset(): void {
    this.#keys.reset();
  }

  /** The response as events, those of a read together; leaving the iteration cancels the provider's call. */
  streamChat(request: Conversation, call: ChatCall): AsyncIterable<Batch> {
    const outgoing = this.#outgoing(request, call, true);
    const open = async (signal: AbortSignal, use: KeyUse) => {
      const response = await this.#exchange(outgoing, signal, use);
      const reader = this.#dialect.streamReader(this.#target(call));
      // What is relayed is held back by its reader, bytes and all.
      return outgoing.relay === undefined
        ? heldUntilContent(this.#translated(response, reader))
        : relayed(response, new RelayReader(outgoing.relay, reader));
    };
    return this.#read(call, open, { isLimited: true });
  }

  /**
   * Runs a call that is answered in pieces, with the next key, which is judged by how it ends. Leaving
   * the iteration cancels the call; `explain` says what a failure is to its caller.
   */
  async *#read<T>(
    call: ChatCall,
    open: (signal: AbortSignal, use: KeyUse) => Promise<AsyncIterable<T>>,
    { isLimited = false, explain = (error) => error }: ReadTerms,
  ): AsyncGenerator<T> {
    const limited = new LimitedCall(call.signal);
    const begun = isLimited ? limited.limitFirst(this.#first) : undefined;
    if (isLimited) limited.limitTotal(this.#total);
    const use = this.#take(call);
    let reason: Reason | "OK" | undefined;
    let retryAfterMs: number | undefined;
    try {
      // A loop: `yield*` waits for each piece as if it were a promise.
      for await (const piece of await open(limited.signal, use)) {
        begun?.();
        yield piece;
      }
      reason = "OK";
    } catch (thrown) {
      const error = limited.explain(connectionFault(thrown, "provider"));
      ({ reason, retryAfterMs } = blameOf(error));
      throw explain(error);
    } finally {
      this.#giveBack(use, reason, retryAfterMs);
      limited.end(reason === "OK");
    }
  }

  async *#translated(response: IncomingResponse, reader: StreamReader): AsyncGenerator<Batch> {
    const frames = frameReader(this.#paths.framing);
    const read = (frame: Frame) => reader.read(frame);
    // Writers of some dialects hold calls, or the whole response, until it ends.
    const bytesMax = framingFactor * this.#options.responseBytesMax;
    let bytes = 0;
    for await (const chunk of response.chunks()) {
      bytes += chunk.length;
      if (bytes > bytesMax)
        throw malformed(`the provider's stream has more than ${bytesMax} bytes`);
      for (const batch of readTogether(frames.push(chunk), read)) yield batch;
    }
    for (const batch of readTogether(frames.end(), read)) yield batch;
    const last = reader.end();
    if (last.length > 0) yield last;
  }

  /** A vector for each input. Fails as `chat` does; with OPERATION_UNSUPPORTED where there are none. */
  async embed(request: EmbedRequest, call: ChatCall): Promise<EmbedResponse> {
    const client = embedClients[this.#options.dialect];
    const path = this.#paths.embed?.(call.model);
    if (client === undefined || path === undefined) throw noVectors();
    const written = client.write(request, this.#target(call));
    const bytesMax = Math.min(this.#options.responseBytesMax, embedBytesMax);
    return await this.#ask(path, written, call, {
      bytesMax,
      none: noVectors,
      read: async (bytes) => {
        if (bytes === undefined) {
          throw unsupported("inputs", `their vectors have more than ${bytesMax} bytes: send fewer`);
        }
        const body = await parseVectors(bytes, turns);
        const response = await inTurns(client.read(body, request.inputs.length), turns);
        requireLength(response, request.dimensions);
        response.modelUsed ||= call.model;
        return response;
      },
    });
  }

  /** Tokens of a request, as the provider counts them. Fails likewise. */
  async countTokens(request: Conversation, call: ChatCall): Promise<CountTokensResponse> {
    const client = countClients[this.#options.dialect];
    const path = this.#paths.count?.(call.model);
    if (client === undefined || path === undefined) throw noCount();
    const canonical = { ...withContext(request), stream: false };
    const written = writtenFrom(canonical, () => client.write(canonical, this.#target(call)));
    return await this.#ask(path, written, call, {
      bytesMax: countBytesMax,
      none: noCount,
      read: async (bytes) => {
        const response = client.read(bytes === undefined ? undefined : parsed(bytes));
        response.modelUsed = call.model;
        return response;
      },
    });
  }

  /** Asks what not every server of the dialect can be asked: one that does not know the path is `none`. */
  async #ask<T>(
    path: string,
    { body, dropped }: WrittenRequest,
    call: ChatCall,
    { bytesMax, none, read }: Question<T>,
  ): Promise<T> {
    if (dropped.length > 0) call.onDropped?.(dropped);
    try {
      return await this.#once(call, async (signal, use) => {
        const sent = { path, body: JSON.stringify(body), trace: call.trace };
        const response = await this.#exchange(sent, signal, use);
        return await read(await response.bytes(bytesMax));
      });
    } catch (thrown) {
      throw isUnknownPath(thrown) ? none() : thrown;
    }
  }

  /**
   * The reply to an operation of OpenAI's API in pieces, the first as soon as there is one; leaving
   * the iteration cancels the call. Fails as `chat` does; with OPERATION_UNSUPPORTED where the
   * provider does not know the path.
   */
  relay(request: OperationRequest, call: ChatCall): AsyncGenerator<OperationPiece> {
    const { method, path, body, hasId } = request;
    const open = async (signal: AbortSignal, use: KeyUse) => {
      if (this.#paths.relaysOperations !== true) throw noOperation(request);
      const length = body?.lengthFor(call.model);
      const headers = {
        ...request.headers,
        ...(body === undefined ? {} : { "content-type": body.contentType }),
        ...(length === undefined ? {} : { "content-length": String(length) }),
      };
      const sent = body === undefined ? {} : { body: body.sentFor(call.model) };
      const { trace } = call;
      const operation = { method, path, headers, ...sent, isOperation: true, trace };
      return operationPieces(await this.#exchange(operation, signal, use));
    };
    return this.#read(call, open, {
      explain: (error) => (hasId || !isUnknownPath(error) ? error : noOperation(request)),
    });
  }

  /** Runs a call that is answered as a whole: with the time for a response, and the next key. */
  async #once<T>(
    call: ChatCall,
    work: (signal: AbortSignal, use: KeyUse) => Promise<T>,
  ): Promise<T> {
    const limited = new LimitedCall(call.signal);
    limited.limitTotal(this.#total);
    try {
      return await this.#withKey(this.#take(call), (use) => work(limited.signal, use));
    } catch (thrown) {
      throw limited.explain(thrown);
    } finally {
      limited.end(true);
    }
  }

  /** Runs a call with a key, which is judged by how it ends. */
  #withKey<T>(use: KeyUse, work: (use: KeyUse) => Promise<T>): Promise<T> {
    // Not an asynchronous function, which would cost every call.
    return work(use).then(
      (answer) => {
        this.#giveBack(use, "OK");
        return answer;
      },
      (thrown: unknown) => {
        const error = connectionFault(thrown, "provider");
        const { reason, retryAfterMs } = blameOf(error);
        this.#giveBack(use, reason, retryAfterMs);
        throw error;
      },
    );
  }

  #giveBack(use: KeyUse, reason: Reason | "OK" | undefined, retryAfterMs?: number): void {
    use.end(reason, retryAfterMs);
    if (use.key === undefined || this.#isClients) return;
    if (reason === "BACKEND_CREDENTIAL" || reason === "BACKEND_QUOTA") {
      this.#deps.onKeyRefused?.({ tail: tailOf(use.key), reason });
    }
  }

  /** The models that the provider lists. */
  async listModels(signal: AbortSignal): Promise<readonly ListedModel[]> {
    const path = this.#paths.models;
    const use = this.#isClients ? keyless : this.#keys.take("");
    const listing = await this.#withKey(use, async () => {
      const response = await this.#exchange({ path }, signal, use);
      return parsed(await this.#whole(response, listBytesMax));
    });
    const body = new LooseObject(listing);
    const models = ["data", "models", "publisherModels"].flatMap((name) => body.objects(name));
    this.#listed = models
      .slice(0, listedMax)
      .map((model) => ({
        id: model.text("id") || model.text("name").replace(/^(publishers\/google\/)?models\//, ""),
        provider: this.#options.name,
        capabilities: capabilitiesOf(model),
      }))
      .filter(({ id }) => id !== "");
    return this.#listed;
  }

  /** What it listed when it was asked last. */
  get listed(): readonly ListedModel[] {
    return this.#listed;
  }

  /** Resolves when the provider answers a free call; else rejects. */
  async check(signal: AbortSignal): Promise<void> {
    try {
      await this.listModels(signal);
    } catch (thrown) {
      // Whoever refuses to list models, or has no such list, is there; calls show what a key is worth.
      const reason = thrown instanceof ConnectError ? reasonOf(thrown) : undefined;
      const isThere = reason !== undefined && (isKeysFault(reason) || !reasons[reason].retryable);
      if (signal.aborted || !isThere) throw thrown;
    }
  }

  /** The request in the provider's words: the client's own where those are the same. */
  #outgoing(request: Conversation, call: ChatCall, stream: boolean): Outgoing {
    const path = this.#paths.chat(call.model, stream);
    const relay = this.#relayOf(request, call);
    if (relay !== undefined) {
      const { query, headers } = relay.request;
      const body = withFileIds(relayedBody(relay.request, call.model), call);
      return { path: path + query, body, headers, relay, trace: call.trace };
    }
    const canonical = { ...withContext(request), stream };
    requireAnswers(canonical);
    const { body, dropped } = writtenFrom(canonical, () =>
      this.#dialect.writeRequest(canonical, this.#target(call)),
    );
    if (dropped.length > 0) call.onDropped?.(dropped);
    return { path, body: withFileIds(JSON.stringify(body), call), trace: call.trace };
  }

  #relayOf(request: Conversation, { relay }: ChatCall): Relay | undefined {
    const { dialect, profile, relays = true } = this.#options;
    if (!relays || relay?.request.dialect !== dialect) return undefined;
    // A server that is only compatible with OpenAI may pass on whatever models of others made.
    const isAnyVendors = dialect === "openai-chat" && profile === "compatible";
    const { vendor } = headRules[relay.request.dialect];
    return isAnyVendors || !hasForeignState(request, vendor) ? relay : undefined;
  }

  /** Sends, and throws what the provider sent instead of a response. */
  async #exchange(
    { method, path, body, headers, relay, isOperation = false, trace }: Sent,
    signal: AbortSignal,
    use: KeyUse,
  ): Promise<IncomingResponse> {
    const { firstTokenTimeoutMs, idleTimeoutMs } = this.#options;
    const type = body === undefined ? undefined : jsonType;
    const fields: Record<string, string> = Object.assign({}, this.#paths.headers, type, headers);
    for (const [name, value] of trace?.fields() ?? []) fields[name] = value;
    const sent = {
      method: method ?? (body === undefined ? "GET" : "POST"),
      path: this.#basePath + path,
      headers: fields,
      body,
      signal,
      // What is posted has its own limits, which tell more exactly what took too long.
      headTimeoutMs: body === undefined || isOperation ? firstTokenTimeoutMs : 0,
      idleTimeoutMs,
    };
    const response = await this.#signed(sent, use);
    if (response.status >= 200 && response.status < 300) return response;
    throw await this.#refusal(response, isOperation || relay !== undefined);
  }

  /** Sends with the key, or with an access token. */
  #signed(
    request: Signable,
    { key, header = this.#options.keyHeader }: KeyUse,
  ): Promise<IncomingResponse> {
    const { tokens } = this.#deps;
    const send = (secret: string | undefined) => {
      Object.assign(request.headers, keyHeaders(header, secret));
      return this.#http.send(request);
    };
    return tokens === undefined ? send(key) : this.#sentWithToken(request, tokens, send);
  }

  /** Another token is asked for once where the first is refused. */
  async #sentWithToken(
    request: OutgoingRequest,
    tokens: AccessTokens,
    send: (token: string) => Promise<IncomingResponse>,
  ): Promise<IncomingResponse> {
    const token = await tokens.get(request.signal);
    const response = await send(token);
    if (response.status !== 401) return response;
    tokens.refused(token);
    // What is sent in pieces is gone.
    const { body } = request;
    if (typeof body === "object" && !(body instanceof Uint8Array)) return response;
    // Read to its end, so that its connection serves again.
    await response.bytes(errorBytesMax);
    return await send(await tokens.get(request.signal));
  }

  async #refusal(response: IncomingResponse, isRelayed: boolean): Promise<ConnectError> {
    const { status, headers } = response;
    const { keys } = this.#options;
    const sent = await response.bytes(errorBytesMax);
    // Some name the key that they refuse; what is its client's own the client may read.
    const bytes = sent && withoutSecrets(sent, keys);
    const told: ErrorResponse = {
      status,
      headers,
      body: bytes === undefined ? "" : parsed(bytes),
    };
    const read = this.#dialect.readError(told);
    const error = this.#isClients ? clientsFault(read) : read;
    const isObject = new LooseObject(told.body).exists;
    const isClientsOwn = error !== read || clientsOwn.has(reasonOf(error));
    if (isRelayed && bytes !== undefined && isObject && isClientsOwn) {
      error.cause = new RelayedRefusal(status, bytes);
    }
    return error;
  }

  async #whole(response: IncomingResponse, bytesMax: number): Promise<Uint8Array> {
    const bytes = await response.bytes(bytesMax);
    if (bytes !== undefined) return bytes;
    throw malformed(`the provider's response has more than ${bytesMax} bytes`);
  }

  #target({ model }: ChatCall) {
    const { profile, factsOf } = this.#options;
    const target = { model, facts: factsOf(model) };
    return profile === undefined ? target : { ...target, profile };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#http[Symbol.asyncDispose]();
  }
}
