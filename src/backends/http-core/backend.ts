/** One core over HTTP: a canonical request is posted as JSON, and its answer read whole. */

import type { ChatBackend, ChatCall, ListedModel } from "#backends/backend.ts";
import type { TellCaller } from "#backends/caller-headers.ts";
import { connectionFault } from "#backends/connection-fault.ts";
import type { Conversation } from "#chat/normalize.ts";
import { malformed } from "#dialects/upstream-error.ts";
import { fault } from "#errors/fault.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import { HttpClient, type HttpClientOptions, type IncomingResponse } from "#http-client/client.ts";
import { writeRequest } from "./request-writer.ts";
import { eventsOf, readError, readResponse } from "./response-reader.ts";
import { type HttpCoreTask, tasks } from "./task.ts";

/** How a core is reached. */
export interface HttpCoreOptions extends HttpClientOptions {
  /** Scheme, host and port. */
  readonly url: string;
  readonly task: HttpCoreTask;
  /** Largest response, in bytes, decompressed. */
  readonly responseBytesMax: number;
  /** Time between two pieces of a response. Until it begins a core has the time of its call. */
  readonly idleTimeoutMs: number;
  /** Sends the core who calls; absent: it does not learn that. */
  readonly tells?: TellCaller;
}

/** Bytes of an error, and of what a health check is answered with, that are read. */
const smallBytesMax = 64 * 1024;
/** Where cores say how they are: the usual path, and the one that some have in its place. */
const healthPaths = ["/health", "/healthz"] as const;

function parsed(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Calls one core. Connects on first use. */
export class HttpCore implements ChatBackend {
  readonly #options: HttpCoreOptions;
  readonly #http: HttpClient;
  #healthPath: string = healthPaths[0];

  constructor(options: HttpCoreOptions) {
    this.#options = options;
    this.#http = new HttpClient(options.url, options);
  }

  /**
   * The core's response. Fails with the reasons of the rows BACKEND_…, with PARAMETER_UNSUPPORTED for
   * what it cannot be asked, or with the signal's reason.
   */
  async chat(request: Conversation, call: ChatCall): Promise<ChatResponse> {
    const { task, responseBytesMax } = this.#options;
    const { body, dropped } = writeRequest(request, { task, model: call.model });
    if (dropped.length > 0) call.onDropped?.(dropped);
    const response = await this.#post(JSON.stringify(body), call);
    if (response.status < 200 || response.status > 299) throw await this.#refusal(response);
    const bytes = await this.#bytes(response, responseBytesMax);
    if (bytes === undefined) {
      throw malformed(`the core's response has more than ${responseBytesMax} bytes`);
    }
    return readResponse(parsed(bytes));
  }

  /** The same as events, which come together: cores answer over HTTP as a whole. */
  async *streamChat(request: Conversation, call: ChatCall): AsyncGenerator<readonly ChatEvent[]> {
    yield eventsOf(await this.chat(request, call));
  }

  /** None: no path tells them. */
  async listModels(): Promise<readonly ListedModel[]> {
    return [];
  }

  /**
   * Resolves with the HTTP status that its health check was answered with, when the core is there: one
   * that refuses the check, or has none, is. Rejects with BACKEND_LOST when it says that it fails.
   */
  async check(signal: AbortSignal): Promise<number> {
    const status = await this.probe(signal);
    if (status < 500) return status;
    throw fault("BACKEND_LOST", `the core's health check was answered with HTTP status ${status}`, {
      metadata: { upstream_status: String(status) },
    });
  }

  /** The HTTP status that a health check is answered with, whatever it is. Rejects without an answer. */
  async probe(signal: AbortSignal): Promise<number> {
    const first = await this.#statusOf(this.#healthPath, signal);
    if (first !== 404) return first;
    const other = healthPaths.find((path) => path !== this.#healthPath) ?? this.#healthPath;
    const second = await this.#statusOf(other, signal);
    if (second !== 404) this.#healthPath = other;
    return second;
  }

  async #statusOf(path: string, signal: AbortSignal): Promise<number> {
    const response = await this.#sent(
      this.#http.send({
        method: "GET",
        path,
        headers: { accept: "application/json" },
        signal,
        headTimeoutMs: 0,
        idleTimeoutMs: this.#options.idleTimeoutMs,
      }),
    );
    // Read, so that its connection serves again.
    await this.#bytes(response, smallBytesMax);
    return response.status;
  }

  #post(body: string, { signal, requestId, caller, trace }: ChatCall): Promise<IncomingResponse> {
    const { task, idleTimeoutMs, tells } = this.#options;
    const told = caller && tells?.(caller);
    return this.#sent(
      this.#http.send({
        method: "POST",
        path: tasks[task].path,
        headers: {
          accept: "application/json",
          "content-type": "application/json",
          ...(requestId === "" ? {} : { "x-request-id": requestId }),
          ...(told === undefined ? {} : Object.fromEntries(told)),
          ...(trace === undefined ? {} : Object.fromEntries(trace.fields())),
        },
        body,
        signal,
        headTimeoutMs: 0,
        idleTimeoutMs,
      }),
    );
  }

  async #refusal(response: IncomingResponse) {
    const { status, headers } = response;
    const bytes = await this.#bytes(response, smallBytesMax);
    const body = bytes === undefined ? "" : parsed(bytes);
    return readError({ status, headers, body }, this.#options.task);
  }

  #bytes(response: IncomingResponse, bytesMax: number): Promise<Uint8Array | undefined> {
    return this.#sent(response.bytes(bytesMax));
  }

  async #sent<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (thrown) {
      throw connectionFault(thrown, "core");
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#http[Symbol.asyncDispose]();
  }
}
