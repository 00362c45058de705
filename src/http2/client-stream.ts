/** A request and its response on a client: the interface that callers see. */

import { type ErrorCode, errorCode } from "./error-code.ts";
import { MessageStream } from "./message-stream.ts";
import { StreamBrokenError } from "./stream-error.ts";

/**
 * One call. A small one sends its whole body with the head and awaits `body`; then `status`,
 * `header` and `trailer` tell the rest. A stream writes with `write` and `end`, awaits `responded`
 * and reads `chunks`.
 */
export class ClientStream extends MessageStream {
  /** Called for each informational head. */
  onInformational: (() => void) | undefined;
  #responded: PromiseWithResolvers<void> | undefined;
  #signal: AbortSignal | undefined;
  readonly #abort = () => this.reset();

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
    if (signal.aborted) this.reset();
    else signal.addEventListener("abort", this.#abort);
  }

  /** A head has come. For the session alone, as all below. */
  head(): void {
    if (this.headSeen) this.#responded?.resolve();
    else this.onInformational?.();
  }

  override ended(): void {
    super.ended();
    this.#signal?.removeEventListener("abort", this.#abort);
    if (!this.headSeen) this.#responded?.reject(new StreamBrokenError(this));
  }
}
