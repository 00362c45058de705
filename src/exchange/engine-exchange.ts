/** The exchange interface over what the project's own HTTP engines hand over. */

import type { Socket } from "node:net";
import { appended } from "#core/appended.ts";
import type { BodyProgress, LengthFrom } from "#core/body-progress.ts";
import { BodyRefusedError } from "#http/body-refused.ts";
import { BodyTooLargeError } from "#http/body-too-large.ts";
import { ConnectionBrokenError } from "#http1/connection-broken.ts";
import { StreamBrokenError } from "#http2/stream-error.ts";
import { bodyRefused, bodyTooLarge, clientGone } from "./body-fault.ts";
import type { Exchange, ExchangeEnd, HeaderList, Peer } from "./exchange.ts";
import { peerCertificate } from "./peer-certificate.ts";
import { type Field, withPendingFields } from "./pending-headers.ts";
import { namesLength } from "./response-length.ts";

/** The engine's errors, mapped to gateway errors; others as they are. */
function translated(thrown: unknown): unknown {
  if (thrown instanceof BodyTooLargeError) return bodyTooLarge(thrown.bytesMax);
  if (thrown instanceof BodyRefusedError) return bodyRefused(thrown.reason);
  if (thrown instanceof StreamBrokenError || thrown instanceof ConnectionBrokenError) {
    return clientGone(thrown);
  }
  return thrown;
}

function rethrowTranslated(thrown: unknown): never {
  throw translated(thrown);
}

/** A request and its response as an engine hands them over: a stream of HTTP/2, or all of HTTP/1.1. */
export interface EngineStream
  extends Pick<Exchange, "method" | "authority" | "started" | "header" | "headers">,
    Pick<Exchange, "respond" | "start" | "write" | "end" | "reset" | "onEnd"> {
  readonly path: string;
  /** Fields that many responses share, where the engine writes them as one text. */
  sharedFields?: HeaderList | undefined;
  /** What fails in these three is not mapped to gateway errors. */
  takeBody(): Uint8Array | undefined;
  body(bytesMax: number, lengthFrom?: LengthFrom): Promise<Uint8Array>;
  chunks(bytesMax: number, progress?: BodyProgress): AsyncIterable<Uint8Array>;
}

/** Headers of a whole response on HTTP/2, with its length where it has one. */
function withLength(
  status: number,
  headers: HeaderList,
  body: Uint8Array | string,
  trailers: HeaderList | undefined,
): HeaderList {
  const bodyBytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  const whole = { status, bodyBytes, hasTrailers: trailers !== undefined };
  if (!namesLength("2", whole)) return headers;
  return [...headers, ["content-length", String(bodyBytes)]];
}

/** One of them, as an exchange. It holds nothing that the engine knows already. */
export class EngineExchange implements Exchange {
  readonly httpVersion: Exchange["httpVersion"];
  readonly stream: EngineStream;
  readonly #socket: Socket;
  /** Fields that were set before the response. */
  #early: Field[] | undefined;
  sharedFields: HeaderList | undefined;
  #gone: AbortController | undefined;
  #bodyBytesMax = Number.POSITIVE_INFINITY;

  constructor(httpVersion: Exchange["httpVersion"], stream: EngineStream, socket: Socket) {
    this.httpVersion = httpVersion;
    this.stream = stream;
    this.#socket = socket;
  }

  get recyclesBuffers(): boolean {
    return this.httpVersion === "2";
  }

  get method(): string {
    return this.stream.method;
  }

  get target(): string {
    return this.stream.path;
  }

  get authority(): string {
    return this.stream.authority;
  }

  get peer(): Peer {
    const { remoteAddress = "", remotePort = 0 } = this.#socket;
    const encrypted = "encrypted" in this.#socket;
    const facts = { address: remoteAddress, port: remotePort, encrypted };
    const certificate = encrypted ? peerCertificate(this.#socket) : undefined;
    return certificate === undefined ? facts : { ...facts, certificate };
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      const gone = new AbortController();
      this.#gone = gone;
      this.onGone((reason) => gone.abort(reason));
    }
    return this.#gone.signal;
  }

  onGone(listener: (reason: unknown) => void): void {
    this.stream.onEnd(({ aborted }) => {
      if (aborted) listener(clientGone());
    });
  }

  get started(): boolean {
    return this.stream.started;
  }

  header(name: string): string | undefined {
    return this.stream.header(name);
  }

  headers(): Iterable<readonly [string, string]> {
    return this.stream.headers();
  }

  capBody(bytesMax: number): void {
    this.#bodyBytesMax = Math.min(this.#bodyBytesMax, bytesMax);
  }

  takeBody(wantedMax: number): Uint8Array | undefined {
    const bytesMax = Math.min(wantedMax, this.#bodyBytesMax);
    const whole = this.stream.takeBody();
    if (whole !== undefined && whole.length > bytesMax) throw bodyTooLarge(bytesMax);
    return whole;
  }

  async body(bytesMax: number, lengthFrom?: LengthFrom): Promise<Uint8Array> {
    const whole = this.takeBody(bytesMax);
    if (whole !== undefined) return whole;
    try {
      return await this.stream.body(Math.min(bytesMax, this.#bodyBytesMax), lengthFrom);
    } catch (thrown) {
      throw translated(thrown);
    }
  }

  async *chunks(bytesMax: number, progress?: BodyProgress): AsyncIterable<Uint8Array> {
    try {
      yield* this.stream.chunks(Math.min(bytesMax, this.#bodyBytesMax), progress);
    } catch (thrown) {
      throw translated(thrown);
    }
  }

  setHeader(name: string, value: string): void {
    this.#early = appended(this.#early, [name, value]);
  }

  respond(
    status: number,
    headers: HeaderList,
    body: Uint8Array | string = "",
    trailers?: HeaderList,
  ): void {
    // The engine of HTTP/1.1 counts the body to frame it, and names what it counted.
    const named = this.httpVersion === "2" ? withLength(status, headers, body, trailers) : headers;
    this.stream.respond(status, this.#withPending(named), body, trailers);
  }

  start(status: number, headers: HeaderList): void {
    this.stream.start(status, this.#withPending(headers));
  }

  #withPending(fields: HeaderList): HeaderList {
    if (this.httpVersion === "2") {
      return withPendingFields(this.#early, fields, this.sharedFields);
    }
    this.stream.sharedFields = this.sharedFields;
    return withPendingFields(this.#early, fields, undefined);
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    return this.stream.write(chunk)?.catch(rethrowTranslated);
  }

  end(trailers?: HeaderList): void {
    this.stream.end(trailers);
  }

  reset(): void {
    this.stream.reset();
  }

  onEnd(listener: (end: ExchangeEnd) => void): void {
    this.stream.onEnd(listener);
  }
}
