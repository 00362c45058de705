/** OTLP over HTTP: requests in protobuf to one URL. */

import { HttpClient, type IncomingResponse } from "#http-client/client.ts";
import { causeText } from "#observability/cause-text.ts";
import type { ExportRequests } from "./export-request.ts";
import {
  loggedWords,
  type OtlpSender,
  responseBytesMax,
  type SendEnd,
  sentEnd,
} from "./otlp-sender.ts";

/** How a collector is reached. */
export interface OtlpHttpOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: Buffer;
  readonly timeoutMs: number;
}

/** Statuses after which a request may be sent again, by the specification; all others are final. */
const busyStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** One request at a time, and one that is cut off. */
const connectionsMax = 2;

/** Milliseconds that `retry-after` asks for, whose seconds or date it may be; undefined where it says nothing. */
export function retryAfterMsOf(field: string | undefined, wallMs: number): number | undefined {
  if (field === undefined) return undefined;
  if (/^\d{1,6}$/.test(field)) return Number(field) * 1_000;
  const at = Date.parse(field);
  return Number.isNaN(at) ? undefined : Math.max(0, at - wallMs);
}

/** Connects on first use. */
export class OtlpHttp implements OtlpSender {
  readonly #options: OtlpHttpOptions;
  readonly #requests: ExportRequests;
  readonly #http: HttpClient;
  readonly #path: string;
  readonly #wallMs: () => number;

  constructor(options: OtlpHttpOptions, requests: ExportRequests, wallMs: () => number) {
    const { url, timeoutMs: connectTimeoutMs, ca } = options;
    const { origin, pathname, search } = new URL(url);
    this.#options = options;
    this.#requests = requests;
    this.#wallMs = wallMs;
    this.#path = pathname + search;
    const trust = ca === undefined ? {} : { ca };
    this.#http = new HttpClient(origin, { connectionsMax, connectTimeoutMs, ...trust });
  }

  async send(spans: readonly Uint8Array[], signal: AbortSignal): Promise<SendEnd> {
    const { headers, timeoutMs } = this.#options;
    try {
      const response = await this.#http.send({
        method: "POST",
        path: this.#path,
        headers: { ...headers, "content-type": "application/x-protobuf" },
        body: this.#requests.of(spans),
        signal,
        headTimeoutMs: timeoutMs,
        idleTimeoutMs: timeoutMs,
      });
      return await this.#endOf(response);
    } catch (thrown) {
      // A collector that cannot be reached may be there again soon.
      return { kind: "busy", afterMs: undefined, words: loggedWords(causeText(thrown)) };
    }
  }

  async #endOf(response: IncomingResponse): Promise<SendEnd> {
    const { status, headers } = response;
    const body = await response.bytes(responseBytesMax);
    if (status >= 200 && status < 300) return sentEnd(body);
    const words = `HTTP status ${status}`;
    if (!busyStatuses.has(status)) return { kind: "refused", words };
    return { kind: "busy", afterMs: retryAfterMsOf(headers["retry-after"], this.#wallMs()), words };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}
