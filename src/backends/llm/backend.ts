/** One LLM provider at one address: canonical requests in, canonical responses and events out. */

import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { ChatBackend, ChatCall, ListedModel } from "#backends/backend.ts";
import { heldUntilContent } from "#chat/commit.ts";
import { normalized, withContext } from "#chat/normalize.ts";
import type { Clock } from "#core/clock.ts";
import type { Standing } from "#core/fitness.ts";
import type { DialectClient, DialectName, ErrorResponse } from "#dialects/dialect.ts";
import { clients } from "#dialects/dialects.ts";
import { frameReader } from "#dialects/frame-reader.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import type { ModelFacts } from "#dialects/model-facts.ts";
import { malformed } from "#dialects/upstream-error.ts";
import { isKeysFault } from "#errors/failure-class.ts";
import { fault, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
} from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import { HttpClient, HttpClientError, type IncomingResponse } from "#http-client/client.ts";
import { KeyRing, type KeyUse, tailOf } from "./key-ring.ts";
import { dialectPaths, keyHeaders } from "./paths.ts";
import type { KeyHeader } from "./presets.ts";
import { withResponseLimits, withTotalTimeout } from "./response-limits.ts";

/** How a provider is reached. */
export interface LlmBackendOptions {
  /** Name of the provider. */
  readonly name: string;
  readonly dialect: DialectName;
  /** Origin and path that all paths of the dialect follow. */
  readonly baseUrl: string;
  readonly keys: readonly string[];
  readonly keyHeader: KeyHeader;
  readonly profile?: string;
  readonly factsOf: (model: string) => ModelFacts;
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
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
  /** A key was refused, or its account is used up; `tail` is what may be shown of it. */
  onKeyRefused?(event: { readonly tail: string; readonly reason: string }): void;
}

/** Bytes of an error that are read; providers' pages of HTML can be long. */
const errorBytesMax = 64 * 1024;
/** Models of a listing that are kept. */
const listedMax = 5_000;
const listBytesMax = 8 * 1024 * 1024;

/** A call that was not answered, as a fault: what may be tried elsewhere is retryable. */
function connectionFault(thrown: unknown): unknown {
  if (!(thrown instanceof HttpClientError)) return thrown;
  switch (thrown.failure) {
    case "connect":
    case "reset":
      return fault("BACKEND_LOST", "the provider cannot be reached", { cause: thrown.cause });
    case "connect_timeout":
      return fault("BACKEND_CONNECT_TIMEOUT", "the provider took too long to connect", {
        cause: thrown.cause,
      });
    case "head_timeout":
      return fault("BACKEND_FIRST_TOKEN_TIMEOUT", "the provider took too long to begin", {
        cause: thrown.cause,
      });
    case "idle_timeout":
      return fault("BACKEND_IDLE_TIMEOUT", "the provider stopped in the middle of its response", {
        cause: thrown.cause,
      });
  }
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

/** Calls one provider. Connects on first use. */
export class LlmBackend implements ChatBackend {
  readonly #options: LlmBackendOptions;
  readonly #deps: LlmBackendDeps;
  readonly #dialect: DialectClient;
  readonly #http: HttpClient;
  readonly #keys: KeyRing;
  #listed: readonly ListedModel[] = [];
  /** Path of the base URL, without a slash at its end. */
  readonly #basePath: string;

  constructor(options: LlmBackendOptions, deps: LlmBackendDeps) {
    const { origin, pathname } = new URL(options.baseUrl);
    this.#options = options;
    this.#deps = deps;
    this.#dialect = clients[options.dialect];
    this.#http = new HttpClient(origin, options);
    this.#keys = new KeyRing(options.keys, deps.clock);
    this.#basePath = pathname.replace(/\/+$/, "");
  }

  /** A whole response. Fails with the reasons of docs/design/dialects.md, or the signal's reason. */
  async chat(request: ChatRequest, call: ChatCall): Promise<ChatResponse> {
    const { totalTimeoutMs: totalMs, responseBytesMax } = this.#options;
    return await withTotalTimeout(
      (signal) =>
        this.#withKey(call.model, async (use) => {
          const response = await this.#send(request, { ...call, signal }, use, false);
          const bytes = await this.#whole(response, responseBytesMax);
          return this.#dialect.readResponse(parsed(bytes), this.#target(call));
        }),
      { signal: call.signal, totalMs, clock: this.#deps.clock },
    );
  }

  /** How its keys stand for a model. */
  standing(model: string): Standing {
    return this.#keys.standing(model);
  }

  /** Forgets what it has seen of its keys. */
  reset(): void {
    this.#keys.reset();
  }

  /** The response as events; leaving the iteration cancels the provider's call. */
  streamChat(request: ChatRequest, call: ChatCall): AsyncIterable<ChatEvent> {
    const { firstTokenTimeoutMs: firstMs, totalTimeoutMs: totalMs } = this.#options;
    const { clock } = this.#deps;
    return withResponseLimits(
      (signal) => heldUntilContent(this.#events(request, { ...call, signal })),
      { signal: call.signal, firstMs, totalMs, clock },
    );
  }

  async *#events(request: ChatRequest, call: ChatCall): AsyncGenerator<ChatEvent> {
    const leave = new AbortController();
    const signal = AbortSignal.any([call.signal, leave.signal]);
    const use = this.#keys.take(call.model);
    let reason: Reason | "OK" | undefined;
    let retryAfterMs: number | undefined;
    try {
      const response = await this.#send(request, { ...call, signal }, use, true);
      const frames = frameReader(dialectPaths[this.#options.dialect].framing);
      const reader = this.#dialect.streamReader(this.#target(call));
      for await (const chunk of response.chunks()) {
        for (const frame of frames.push(chunk)) yield* reader.read(frame);
      }
      for (const frame of frames.end()) yield* reader.read(frame);
      yield* reader.end();
      reason = "OK";
    } catch (thrown) {
      const error = connectionFault(thrown);
      ({ reason, retryAfterMs } = blameOf(error));
      throw error;
    } finally {
      this.#giveBack(use, reason, retryAfterMs);
      leave.abort();
    }
  }

  /** Runs a call with the next key, which is judged by how it ends. */
  async #withKey<T>(model: string, work: (use: KeyUse) => Promise<T>): Promise<T> {
    const use = this.#keys.take(model);
    try {
      const answer = await work(use);
      this.#giveBack(use, "OK");
      return answer;
    } catch (thrown) {
      const { reason, retryAfterMs } = blameOf(thrown);
      this.#giveBack(use, reason, retryAfterMs);
      throw thrown;
    }
  }

  #giveBack(use: KeyUse, reason: Reason | "OK" | undefined, retryAfterMs?: number): void {
    use.end(reason, retryAfterMs);
    if (use.key === undefined) return;
    if (reason === "BACKEND_CREDENTIAL" || reason === "BACKEND_QUOTA") {
      this.#deps.onKeyRefused?.({ tail: tailOf(use.key), reason });
    }
  }

  /** The models that the provider lists. */
  async listModels(signal: AbortSignal): Promise<readonly ListedModel[]> {
    const path = dialectPaths[this.#options.dialect].models;
    const listing = await this.#withKey("", async (use) => {
      const response = await this.#exchange(path, signal, use);
      return parsed(await this.#whole(response, listBytesMax));
    });
    const body = new LooseObject(listing);
    const models = [...body.objects("data"), ...body.objects("models")];
    this.#listed = models
      .slice(0, listedMax)
      .map((model) => ({
        id: model.text("id") || model.text("name").replace(/^models\//, ""),
        provider: this.#options.name,
        capabilities: ["text"],
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

  async #send(
    request: ChatRequest,
    call: ChatCall,
    use: KeyUse,
    stream: boolean,
  ): Promise<IncomingResponse> {
    const { dialect } = this.#options;
    const { chat } = dialectPaths[dialect];
    const canonical = create(ChatRequestSchema, { ...withContext(normalized(request)), stream });
    const { body, dropped } = this.#dialect.writeRequest(canonical, this.#target(call));
    if (dropped.length > 0) call.onDropped?.(dropped);
    const path = chat(call.model, stream);
    return await this.#exchange(path, call.signal, use, {
      text: JSON.stringify(body),
      // A whole response begins when it is made.
      headMs: stream ? this.#options.firstTokenTimeoutMs : this.#options.totalTimeoutMs,
    });
  }

  /** Sends, and throws what the provider answered instead of a response. */
  async #exchange(
    path: string,
    signal: AbortSignal,
    { key }: KeyUse,
    post?: { readonly text: string; readonly headMs: number },
  ): Promise<IncomingResponse> {
    const { dialect, keyHeader, firstTokenTimeoutMs, idleTimeoutMs } = this.#options;
    const sent = {
      method: post === undefined ? ("GET" as const) : ("POST" as const),
      path: this.#basePath + path,
      headers: {
        ...dialectPaths[dialect].headers,
        ...(post === undefined ? {} : { "content-type": "application/json" }),
        ...keyHeaders(keyHeader, key),
      },
      ...(post === undefined ? {} : { body: post.text }),
      signal,
      headTimeoutMs: post?.headMs ?? firstTokenTimeoutMs,
      idleTimeoutMs,
    };
    const response = await this.#http.send(sent).catch((thrown: unknown) => {
      throw connectionFault(thrown);
    });
    if (response.status >= 200 && response.status < 300) return response;
    throw await this.#refusal(response);
  }

  async #refusal(response: IncomingResponse): Promise<ConnectError> {
    const { status, headers } = response;
    const bytes = await response.bytes(errorBytesMax).catch((thrown: unknown) => {
      throw connectionFault(thrown);
    });
    const told: ErrorResponse = {
      status,
      headers,
      body: bytes === undefined ? "" : parsed(bytes),
    };
    return this.#dialect.readError(told);
  }

  async #whole(response: IncomingResponse, bytesMax: number): Promise<Uint8Array> {
    const bytes = await response.bytes(bytesMax).catch((thrown: unknown) => {
      throw connectionFault(thrown);
    });
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
