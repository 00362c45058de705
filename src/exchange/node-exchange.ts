/** The exchange interface over node:http and node:http2 request and response objects. */

import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Socket } from "node:net";
import type { BodyProgress } from "#core/body-progress.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import { onAbort } from "#core/on-abort.ts";
import { reasonPhrase } from "#http1/reason-phrase.ts";
import { clientGone } from "./body-fault.ts";
import { discardBody } from "./discard.ts";
import type { Exchange, ExchangeEnd, HeaderList, Peer } from "./exchange.ts";
import { NodeBody } from "./node-body.ts";
import { aimOf, headerOf, headersOf, type NodeRequest, peerOf } from "./node-request.ts";
import { type Field, withPendingFields } from "./pending-headers.ts";
import { namesLength } from "./response-length.ts";
import { valuesByName } from "./values-by-name.ts";

/** A response of either of Node's HTTP modules. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** RFC 9113 §7: what the own engine says of a stream that its handler broke off. */
const streamInternalError = 2;

/** Time for a client to take what was written of a stream, as the project's own engines have it. */
const stallTimeoutMs = 60_000;
/** Time for a client to take a response that is written to its end, however large. */
const takingTimeoutMs = 300_000;
const takenBytes = 64 * 1024;
/** RFC 9113 §7: CANCEL. */
const http2Cancel = 8;

/** Cuts the client off unless `forget` is called in time. */
function cutOffAfter(ms: number, response: NodeResponse): { forget(): void } {
  const timer = setTimeout(() => {
    // A response that is written to its end would look whole.
    if ("stream" in response) response.stream.close(http2Cancel);
    else response.destroy();
  }, ms);
  timer.unref();
  return { forget: () => clearTimeout(timer) };
}

/** Writes to either kind of response; false asks to wait for `drain`. */
function write(response: NodeResponse, bytes: Uint8Array): boolean {
  return "stream" in response ? response.write(bytes) : response.write(bytes);
}

/** Whether part of a request body has yet to arrive. */
export function bodyIsComing({ complete, headers, httpVersionMajor }: NodeRequest): boolean {
  if (complete) return false;
  const declared = headers["content-length"];
  if (httpVersionMajor === 2) return declared !== "0";
  return headers["transfer-encoding"] !== undefined || Number(declared ?? 0) > 0;
}

/** Whether a closed response went out to its end. */
function isWhole(response: NodeResponse): boolean {
  // node:http2 says "finish" of streams that were reset, too; their reset code tells.
  if ("stream" in response) return response.writableEnded && response.stream.rstCode === 0;
  return response.writableFinished;
}

/** What a server knows of an exchange besides request and response. */
export interface NodeExchangeOptions {
  /** What requests hold in memory. */
  readonly buffers: ByteBudget;
  /** The server has left an expectation of 100 to the exchange. */
  readonly isUninvited?: boolean;
}

/** One of Node's request and response pairs, as an exchange. */
export class NodeExchange implements Exchange {
  readonly recyclesBuffers = false;
  readonly httpVersion: "1.1" | "2";
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly peer: Peer;
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  /** Node takes it off an HTTP/1.1 request that was destroyed. */
  readonly #socket: Socket;
  readonly #body: NodeBody;
  readonly #gone = new AbortController();
  /** Fields that were set before the response. */
  #early: Field[] | undefined;
  sharedFields: HeaderList | undefined;
  readonly #endListeners: ((end: ExchangeEnd) => void)[] = [];
  #bodyBytes = 0;
  #bodyBytesMax = Number.POSITIVE_INFINITY;
  /** The client waits to be asked to send its body, and no one has. */
  #isUninvited: boolean;

  constructor(
    request: NodeRequest,
    response: NodeResponse,
    { buffers, isUninvited = false }: NodeExchangeOptions,
  ) {
    this.#isUninvited = isUninvited;
    this.request = request;
    this.response = response;
    this.httpVersion = request.httpVersionMajor === 2 ? "2" : "1.1";
    this.method = request.method ?? "GET";
    const { target, authority } = aimOf(request);
    this.target = target;
    this.authority = authority;
    this.#socket = request.socket;
    this.peer = peerOf(request);
    this.#body = new NodeBody(request, { buffers, owner: this.peer.address });
    // A response of node:http2 says so itself only once its stream has closed, which it may wait for.
    const sending = "stream" in response ? response.stream : response;
    sending.once("finish", () => this.#discardRequest());
    response.once("close", () => this.#close());
    // Without a listener a reset by the client would be an uncaught error; `close` tells the same.
    request.on("error", () => {});
    response.on("error", () => {});
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  onGone(listener: (reason: unknown) => void): void {
    onAbort(this.signal, listener);
  }

  get started(): boolean {
    return this.response.headersSent;
  }

  header(name: string): string | undefined {
    return headerOf(this.request, name);
  }

  headers(): Iterable<readonly [string, string]> {
    return headersOf(this.request);
  }

  capBody(bytesMax: number): void {
    this.#bodyBytesMax = Math.min(this.#bodyBytesMax, bytesMax);
  }

  takeBody(): undefined {
    return undefined;
  }

  async body(wantedMax: number): Promise<Uint8Array> {
    const bytesMax = Math.min(wantedMax, this.#bodyBytesMax);
    this.#body.requireSize(bytesMax);
    this.#invite();
    const whole = await this.#body.whole(bytesMax);
    if (this.#gone.signal.aborted) throw clientGone();
    return whole;
  }

  async *chunks(wantedMax: number, progress?: BodyProgress): AsyncIterable<Uint8Array> {
    const bytesMax = Math.min(wantedMax, this.#bodyBytesMax);
    this.#body.requireSize(bytesMax);
    this.#invite();
    yield* this.#body.pieces(bytesMax, progress);
    if (this.#gone.signal.aborted) throw clientGone();
  }

  setHeader(name: string, value: string): void {
    if (this.response.headersSent) return;
    if (this.#early === undefined) this.#early = [[name, value]];
    else this.#early.push([name, value]);
  }

  respond(
    status: number,
    headers: HeaderList,
    body: Uint8Array | string = "",
    trailers?: HeaderList,
  ): void {
    if (this.response.destroyed) return;
    const bodyBytes = Buffer.byteLength(body);
    // Without a length HTTP/1.1 sends chunks, which trailers need.
    const whole = { status, bodyBytes, hasTrailers: trailers !== undefined };
    const isSized = namesLength(this.httpVersion, whole);
    this.#head(status, headers, isSized ? bodyBytes : undefined);
    if (trailers !== undefined) {
      if ("stream" in this.response) this.response.writeHead(status);
      this.#addTrailers(trailers);
    }
    if (this.method === "HEAD" || bodyBytes === 0) {
      this.response.end();
      return;
    }
    this.#bodyBytes += bodyBytes;
    // Node writes a text together with the head; one of ASCII alone needs no encoding.
    if (typeof body === "string" && body.length === bodyBytes) this.response.end(body, "latin1");
    else this.response.end(body);
    this.#awaitTaking();
  }

  start(status: number, headers: HeaderList): void {
    if (this.response.destroyed) return;
    this.#head(status, headers, undefined);
    if ("stream" in this.response) this.response.writeHead(status);
    else this.response.flushHeaders();
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    const { response } = this;
    if (response.destroyed || this.#gone.signal.aborted) return Promise.reject(clientGone());
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    this.#bodyBytes += bytes.length;
    if (this.method === "HEAD" || write(response, bytes)) return undefined;
    return new Promise<void>((resolve, reject) => {
      const stalled = cutOffAfter(stallTimeoutMs, response);
      const settle = () => {
        stalled.forget();
        response.off("drain", settle);
        response.off("close", settle);
        if (response.destroyed) reject(clientGone());
        else resolve();
      };
      response.on("drain", settle);
      response.on("close", settle);
    });
  }

  end(trailers?: HeaderList): void {
    if (trailers !== undefined && !this.response.destroyed) this.#addTrailers(trailers);
    this.response.end();
    this.#awaitTaking();
  }

  reset(): void {
    const { response } = this;
    // Without a code the stream would end as one that is whole.
    if ("stream" in response) response.stream.close(streamInternalError);
    else response.destroy();
  }

  onEnd(listener: (end: ExchangeEnd) => void): void {
    this.#endListeners.push(listener);
  }

  /** The response is written; what the client has not taken of it cannot wait for ever. */
  #awaitTaking(): void {
    const { response } = this;
    // Less than this the system takes for every client of HTTP/1.1.
    if (!("stream" in response) && this.#bodyBytes <= takenBytes) return;
    if (response.writableFinished || response.destroyed) return;
    const late = cutOffAfter(takingTimeoutMs, response);
    response.once("finish", late.forget).once("close", late.forget);
  }

  /** Asks a client that waits for it to send the body. */
  #invite(): void {
    const { request, response } = this;
    if (!this.#isUninvited) return;
    this.#isUninvited = false;
    if (!(response.headersSent || request.complete)) response.writeContinue();
  }

  #addTrailers(trailers: HeaderList): void {
    if ("stream" in this.response) {
      this.response.addTrailers(valuesByName(trailers));
    } else {
      this.response.addTrailers(trailers.map(([name, value]): [string, string] => [name, value]));
    }
  }

  /** On HTTP/1.1 the head is written at once: fields that Node keeps one by one it searches and copies. */
  #head(status: number, headers: HeaderList, bodyBytes: number | undefined): void {
    const { response } = this;
    const fields = withPendingFields(this.#early, headers, this.sharedFields);
    if ("stream" in response) {
      // Sent by whoever comes next: a response without a body ends with its head.
      response.statusCode = status;
      for (const [name, values] of Object.entries(valuesByName(fields))) {
        response.setHeader(name, values);
      }
      if (bodyBytes !== undefined) response.setHeader("content-length", bodyBytes);
      return;
    }
    const flat: string[] = [];
    for (const [name, value] of fields) flat.push(name, value);
    if (bodyBytes !== undefined) flat.push("content-length", String(bodyBytes));
    // With its words: Node keeps those of a head that it refused to write.
    response.writeHead(status, reasonPhrase(status), flat);
  }

  /**
   * What still comes of a body that was answered early is thrown away, so that the response gets
   * through; then the connection (HTTP/1.1) or stream (HTTP/2, NO_ERROR) closes.
   */
  #discardRequest(): void {
    if (!bodyIsComing(this.request)) return;
    if ("stream" in this.request) {
      const { stream } = this.request;
      // Not at once: a reset overtakes frames of the response that wait for the socket.
      discardBody(this.request, () => stream.close(0));
      // curl 7 sees that a stream is over which it ended last only when something more comes.
      this.request.once("end", () => {
        const { session } = stream;
        if (session?.destroyed === false) session.ping(() => {});
      });
      return;
    }
    const socket = this.#socket;
    if (this.request.destroyed) {
      socket.destroySoon();
      return;
    }
    // node:http lets go of the socket once the response is written; the client, cut off in the middle
    // of its body, would lose the response with it.
    socket.off("finish", socket.destroy);
    discardBody(this.request, () => socket.destroy());
    this.request.once("close", () => socket.destroySoon());
  }

  #close(): void {
    this.#body.close();
    const aborted = !isWhole(this.response);
    const status = this.response.headersSent ? this.response.statusCode : 499;
    if (aborted) this.#gone.abort(clientGone());
    for (const listener of this.#endListeners) {
      listener({ status, bodyBytes: this.#bodyBytes, aborted });
    }
  }
}
