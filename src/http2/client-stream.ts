/** A request and its response on a client: the interface that callers see. */

import { type Follower, follow, unfollow } from "#core/followed-signal.ts";
import { type ErrorCode, errorCode } from "./error-code.ts";
import { MessageStream } from "./message-stream.ts";
import { StreamBrokenError } from "./stream-error.ts";

/**
 * One call. A small one sends its whole body with the head and awaits `body`; then `status`,
 * `header` and `trailer` tell the rest. A stream writes with `write` and `end`, awaits `responded`
 * and reads `chunks`.
 */
export class ClientStream extends MessageStream implements Follower {
  #responded: PromiseWithResolvers<void> | undefined;
  #signal: AbortSignal | undefined;
  /** By an event listener, and not as its follower. */
  #isListening = false;

  /** Resolves when the final head is here. Rejects with StreamBrokenError. */
  responded(): Promise<void> {
    if (this.headSeen) return Promise.resolve();
    if (this.closed) return Promise.reject(new StreamBrokenError(this));
    this.#responded ??= Promise.withResolvers<void>();
    return this.#responded.promise;
  }

  override reset(code: ErrorCode = errorCode.cancel): void {
    super.reset(code);
  }

  /** Breaks the call off when `signal` aborts. */
  follow(signal: AbortSignal): void {
    this.#signal = signal;
    if (signal.aborted) {
      this.reset();
    } else if (!follow(signal, this)) {
      this.#isListening = true;
      signal.addEventListener("abort", this);
    }
  }

  /** The signal that it follows has aborted. */
  aborted(): void {
    this.reset();
  }

  handleEvent(): void {
    this.reset();
  }

  /** A head has come. For the session alone, as all below. */
  head(): void {
    // Informational heads are nobody's here.
    if (this.headSeen) this.#responded?.resolve();
  }

  override ended(): void {
    super.ended();
    this.#unfollow();
    if (!this.headSeen) this.#responded?.reject(new StreamBrokenError(this));
  }

  #unfollow(): void {
    if (this.#signal === undefined) return;
    if (this.#isListening) this.#signal.removeEventListener("abort", this);
    else unfollow(this.#signal, this);
  }
}
