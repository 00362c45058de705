/** HTTP calls to one server that speaks the Open Inference Protocol, under its /v2, and what their failures mean. */

import { ConnectError } from "@connectrpc/connect";
import type { BackendCall, ModelRef } from "#backends/backend.ts";
import type { ModelServerReach } from "#backends/model-server-channel.ts";
import { wordsOf } from "#backends/model-server-status.ts";
import { certificatesOf } from "#backends/polyagent/wire.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { HttpClient } from "#http-client/client.ts";
import { HttpClientError } from "#http-client/failure.ts";
import type { RestBody } from "./rest-wire.ts";

/** Connections to one server. */
const connectionsMax = 256;
const connectTimeoutMs = 5_000;
/** Bytes of an answer that says why something was refused. */
const refusalBytesMax = 64 * 1024;
/** What servers say of models that they do not have, under whatever status. */
const modelIsUnknown = /unknown model|no available versions|not (ready|found|loaded)/i;

/** What is asked of a server. */
export interface RestCall {
  readonly method: "GET" | "POST";
  /** After /v2. */
  readonly path: string;
  readonly send?: RestBody;
  /** The model that it is about. */
  readonly ref?: ModelRef;
}

/** A response whose status was good. */
export interface RestAnswer {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Throws TypeError when the url is no address. */
export class RestChannel implements AsyncDisposable {
  readonly #http: HttpClient;
  readonly #base: string;
  readonly #bytesMax: number;

  constructor({ url, messageBytesMax, tls = {}, connectTo, connectionAgeMaxMs }: ModelServerReach) {
    const { origin, pathname } = new URL(url);
    const { serverName } = tls;
    this.#http = new HttpClient(origin, {
      connectionsMax,
      connectTimeoutMs,
      connectionAgeMaxMs,
      ...certificatesOf(tls),
      ...(serverName === undefined ? {} : { serverName }),
      ...(connectTo === undefined ? {} : { address: connectTo }),
    });
    this.#base = `${pathname.replace(/\/$/, "")}/v2`;
    this.#bytesMax = messageBytesMax;
  }

  /** Rejects with faults, for a status other than 200, too. */
  async ask(asked: RestCall, call: BackendCall): Promise<RestAnswer> {
    const { send } = asked;
    if (send !== undefined && send.body.length > this.#bytesMax) {
      const words = `the request is ${send.body.length} bytes for the server, the limit is ${this.#bytesMax}`;
      throw fault("BODY_TOO_LARGE", words);
    }
    try {
      return await this.#answered(asked, call);
    } catch (thrown) {
      if (call.signal.aborted) throw faultFrom(call.signal.reason);
      throw thrown instanceof HttpClientError ? faultOfBreak(thrown) : thrown;
    }
  }

  async #answered(
    { method, path, send, ref }: RestCall,
    { signal, requestId, trace }: BackendCall,
  ): Promise<RestAnswer> {
    const response = await this.#http.send({
      method,
      path: `${this.#base}${path}`,
      headers: {
        ...send?.headers,
        ...(requestId === "" ? {} : { "x-request-id": requestId }),
        ...(trace && Object.fromEntries(trace.fields())),
      },
      ...(send === undefined ? {} : { body: send.body }),
      signal,
      headTimeoutMs: 0,
      idleTimeoutMs: 0,
    });
    const { status, headers } = response;
    const body = await response.bytes(status === 200 ? this.#bytesMax : refusalBytesMax);
    if (status !== 200) throw faultOfStatus(status, body ?? new Uint8Array(), ref);
    if (body !== undefined) return { body, headers };
    throw fault("BACKEND_FAILED", "the response of the model's server is larger than allowed");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}

/** What `read` makes of a body. Throws BACKEND_MALFORMED where that fails. */
export function understood<T>(body: Uint8Array, read: (body: Uint8Array) => T): T {
  try {
    return read(body);
  } catch (cause) {
    if (cause instanceof ConnectError) throw cause;
    const message = "the server's response is not what the protocol says";
    throw fault("BACKEND_MALFORMED", message, { cause });
  }
}

/** What a server says in its JSON. */
function wordsIn(body: Uint8Array): string {
  try {
    const { error } = JSON.parse(Buffer.from(body).toString());
    return typeof error === "string" ? error : "";
  } catch {
    return "";
  }
}

function faultOfStatus(status: number, body: Uint8Array, ref: ModelRef | undefined): ConnectError {
  const words = wordsIn(body);
  const cause = new Error(`HTTP status ${status}: ${words}`);
  if (status === 404 || (ref !== undefined && modelIsUnknown.test(words))) {
    const text = ref === undefined ? "there is no such path" : `there is no ${wordsOf(ref)}`;
    return fault("BACKEND_MODEL_MISSING", text, { cause });
  }
  switch (status) {
    case 400:
    case 422:
      return fault("TENSOR_INVALID", `the model's server refused it: ${words}`, { cause });
    case 401:
    case 403:
      return fault("BACKEND_UNAUTHENTICATED", "the server does not admit the gateway", { cause });
    case 408:
    case 504:
      return fault("BACKEND_TIMEOUT", "the server of the model ran out of time", { cause });
    case 413:
      return fault("BODY_TOO_LARGE", "the request is larger than the server takes", { cause });
    case 429:
      return fault("OVERLOADED", "the server of the model is overloaded", { cause });
    case 405:
    case 501:
      return fault("OPERATION_UNSUPPORTED", "the server of the model cannot do that", { cause });
    case 502:
    case 503:
      return fault("BACKEND_OVERLOADED", "the server of the model takes no calls now", { cause });
    default:
      return fault("BACKEND_FAILED", "the server of the model failed", { cause });
  }
}

function faultOfBreak(cause: HttpClientError): ConnectError {
  return cause.failure === "connect_timeout"
    ? fault("BACKEND_CONNECT_TIMEOUT", "the server of the model does not connect", { cause })
    : fault("BACKEND_LOST", "the server of the model cannot be reached", { cause });
}
