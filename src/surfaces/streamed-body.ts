/** A request's body on its way to a provider: what was read before it, then the rest as it comes. */

import type { BodyProgress } from "#core/body-progress.ts";
import type { ClientBody, SentBody } from "#dialects/relay/client-body.ts";

/** Notified of the pieces that are passed on, and of the end. What it throws, the request fails with. */
export interface PassingCheck {
  push(piece: Uint8Array): void;
  end(): void;
}

/** Where the model's name stands in what was read ahead. */
export interface NamePlace {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** What a body is made of. */
export interface StreamedBodyParts {
  readonly contentType: string;
  /** Its bytes in all, when the client said. */
  readonly length?: number;
  /** What was read already. */
  readonly ahead: Buffer;
  /** What follows; undefined when that was all. */
  readonly rest?: AsyncIterator<Uint8Array>;
  readonly model?: NamePlace;
  readonly check?: PassingCheck;
}

/**
 * How far the reader of a body has come: while it looks ahead all pieces are parts of one thing, and
 * count as held; then each is passed on.
 */
export class PassingProgress implements BodyProgress {
  messages = 0;
  readonly isBetween = false;
}

/** Can be sent again until the first piece after what was read ahead is asked for. */
export class StreamedBody implements ClientBody {
  readonly contentType: string;
  readonly #parts: Omit<StreamedBodyParts, "ahead">;
  /** Let go of with what follows: it may be some megabytes. */
  #ahead: Buffer | undefined;
  readonly #progress: PassingProgress;
  isSpent = false;

  constructor({ ahead, ...parts }: StreamedBodyParts, progress: PassingProgress) {
    this.contentType = parts.contentType;
    this.#parts = parts;
    this.#ahead = ahead;
    this.#progress = progress;
  }

  lengthFor(model: string): number | undefined {
    const { length, model: place } = this.#parts;
    if (length === undefined || place === undefined || model === "") return length;
    return length - (place.end - place.start) + Buffer.byteLength(model);
  }

  sentFor(model: string): SentBody {
    const { rest } = this.#parts;
    return rest === undefined ? this.#aheadFor(model) : this.#passing(model, rest);
  }

  #aheadFor(model: string): Buffer {
    const ahead = this.#ahead;
    if (ahead === undefined) throw new TypeError("a body that is spent cannot be sent again");
    const { model: place } = this.#parts;
    if (place === undefined || model === "" || model === place.name) return ahead;
    const { start, end } = place;
    return Buffer.concat([ahead.subarray(0, start), Buffer.from(model), ahead.subarray(end)]);
  }

  async *#passing(model: string, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield this.#aheadFor(model);
    this.isSpent = true;
    this.#ahead = undefined;
    const { check } = this.#parts;
    let isOver = false;
    try {
      for (;;) {
        this.#progress.messages += 1;
        const next = await rest.next();
        if (next.done === true) break;
        check?.push(next.value);
        yield next.value;
      }
      isOver = true;
      check?.end();
    } finally {
      if (!isOver) await rest.return?.();
    }
  }
}
