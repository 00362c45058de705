/** Posts notices to one webhook: in their order, tried again while it is away, in bounds. */

import type { Clock } from "#core/clock.ts";
import { timeLimit } from "#core/clock.ts";
import { doubledPauseMs } from "#core/doubled-pause.ts";
import type { Rng } from "#core/rng.ts";
import { settleWithin } from "#core/settle-within.ts";
import { HttpClient } from "#http-client/client.ts";
import type { WebhookSettings } from "./alert-settings.ts";
import type { Notice } from "./alert-states.ts";
import { bodyOf, signatureOf } from "./payload.ts";

/** The outcome of a message. */
export type NoticeResult = "sent" | "failed" | "dropped";

/** What a webhook needs. */
export interface WebhookDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  /** What the gateway is called in messages. */
  readonly source: string;
  /** Notified of each message that has ended; `cause` names no address. Must not throw. */
  onEnd(webhook: string, result: NoticeResult, cause?: unknown): void;
}

/** Messages that wait; the oldest gives way. */
export const waitingMax = 32;
/** Times that a message is sent, and the first pause between two, which doubles. */
const triesMax = 6;
const pauses = { firstMs: 1_000, mostMs: Number.POSITIVE_INFINITY };
const timeoutMs = 10_000;
/** Bytes that are read of a response, of which only the status counts. */
const responseBytesMax = 65_536;
/** For so long what waits is still sent when the webhook is closed. */
const closingMs = 2_000;

/** The webhook said no. */
class RefusedError extends Error {
  readonly isLasting: boolean;

  constructor(status: number) {
    super(`the webhook answered ${status}`);
    // What is asked again as it stands meets the same response; redirects are not followed.
    this.isLasting = status < 500 && status !== 408 && status !== 429;
  }
}

/** One webhook. Disposing of it gives what waits a moment more. */
export class Webhook implements AsyncDisposable {
  readonly #settings: WebhookSettings;
  readonly #deps: WebhookDeps;
  readonly #client: HttpClient;
  readonly #path: string;
  readonly #closing = new AbortController();
  readonly #waiting: string[] = [];
  #sending: Promise<void> | undefined;

  constructor(settings: WebhookSettings, deps: WebhookDeps) {
    const { origin, pathname, search } = new URL(settings.url);
    this.#settings = settings;
    this.#deps = deps;
    this.#path = pathname + search;
    this.#client = new HttpClient(origin, { connectionsMax: 1, connectTimeoutMs: timeoutMs });
  }

  /** Takes notices to be sent; returns at once. */
  tell(notices: readonly Notice[]): void {
    const { tellsResolved, name } = this.#settings;
    const told = tellsResolved ? notices : notices.filter(({ status }) => status === "firing");
    if (told.length === 0) return;
    this.#waiting.push(bodyOf(told, this.#settings, this.#deps.source));
    if (this.#waiting.length > waitingMax) {
      this.#waiting.shift();
      this.#deps.onEnd(name, "dropped");
    }
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#deps;
    if (this.#sending !== undefined) await settleWithin(this.#sending, closingMs, clock);
    this.#closing.abort();
    await this.#client[Symbol.asyncDispose]();
  }

  async #sendAll(): Promise<void> {
    for (let body = this.#waiting.shift(); body !== undefined; body = this.#waiting.shift()) {
      await this.#deliver(body);
    }
  }

  async #deliver(body: string): Promise<void> {
    const { clock, rng, onEnd } = this.#deps;
    const { name } = this.#settings;
    const { signal } = this.#closing;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#post(body);
        return onEnd(name, "sent");
      } catch (cause) {
        const isLasting = cause instanceof RefusedError && cause.isLasting;
        if (isLasting || tries === triesMax || signal.aborted) return onEnd(name, "failed", cause);
      }
      try {
        await clock.sleep(doubledPauseMs(tries, pauses) * (0.5 + rng.next()), signal);
      } catch (cause) {
        return onEnd(name, "failed", cause);
      }
    }
  }

  async #post(body: string): Promise<void> {
    const { clock } = this.#deps;
    const { secret } = this.#settings;
    const signed =
      secret === undefined
        ? {}
        : { "x-polygate-signature": signatureOf(body, secret, clock.wallMs()) };
    using limit = timeLimit(timeoutMs, this.#closing.signal, clock);
    const response = await this.#client.send({
      method: "POST",
      path: this.#path,
      headers: { "content-type": "application/json", ...signed },
      body,
      signal: limit.signal,
      headTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
    });
    await response.bytes(responseBytesMax);
    if (response.status < 200 || response.status > 299) throw new RefusedError(response.status);
  }
}
