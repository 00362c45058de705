/** Cuts a body that holds many JSON values into their texts while it arrives. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { TextPieces } from "./text-pieces.ts";

/** How far the reading of a stream has come. */
export class StreamProgress {
  /** Values that were read. */
  messages = 0;
  /** No value has begun that is not whole. */
  isBetween = true;
}

function malformed(problem: string, cause?: unknown): ConnectError {
  return fault("BODY_MALFORMED", `the body is not a stream of JSON values: ${problem}`, { cause });
}

function requireWithin(length: number, charsMax: number): void {
  if (length > charsMax) {
    throw fault("BODY_TOO_LARGE", `a message of the stream exceeds ${charsMax} characters`);
  }
}

/** The text of a body, piece by piece. Throws BODY_MALFORMED when it is not UTF-8. */
async function* textOf(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      throw malformed("it is not valid UTF-8", error);
    }
  };
  for await (const chunk of chunks) yield decode(chunk);
  yield decode();
}

/** The lines that are not blank, none longer than `charsMax`. */
export async function* jsonLinesFrom(
  chunks: AsyncIterable<Uint8Array>,
  charsMax: number,
  progress: StreamProgress,
): AsyncIterable<string> {
  const open = new TextPieces();
  for await (const text of textOf(chunks)) {
    const [first = "", ...others] = text.split("\n");
    open.push(first);
    requireWithin(open.length, charsMax);
    for (const other of others) {
      const line = open.take();
      open.push(other);
      requireWithin(other.length, charsMax);
      progress.isBetween = other === "";
      if (line.trim() === "") continue;
      progress.messages += 1;
      yield line;
    }
    progress.isBetween = open.length === 0;
  }
  const line = open.take();
  if (line.trim() !== "") yield line;
}

/** Where the reading of an array stands. */
class ArrayCutter {
  /** Brackets and braces that are open; the array's own is the first. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  readonly #item = new TextPieces();
  #items = 0;
  #closed = false;
  readonly #charsMax: number;

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** The items that end within `text`. Throws BODY_MALFORMED where it cannot be an array. */
  *push(text: string): Iterable<string> {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const character = text[at] ?? "";
      if (this.#inString) {
        this.#inStringCharacter(character);
        continue;
      }
      const depth = this.#depth;
      this.#structure(character);
      if (depth === 0) {
        from = at + 1;
      } else if (this.#depth === 0 || (depth === 1 && character === ",")) {
        this.#item.push(text.slice(from, at));
        const item = this.#take(this.#item.take());
        if (item !== undefined) yield item;
        from = at + 1;
      }
    }
    if (this.#depth > 0) this.#item.push(text.slice(from));
    requireWithin(this.#item.length, this.#charsMax);
  }

  /** No item has begun that is known not to be whole: its comma may come with the next one. */
  get isBetween(): boolean {
    return this.#depth <= 1 && !this.#inString;
  }

  /** Throws BODY_MALFORMED when the array is not whole. */
  end(): void {
    if (!this.#closed) throw malformed("the array is cut off");
  }

  #inStringCharacter(character: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (character === "\\") this.#escaped = true;
    else if (character === '"') this.#inString = false;
  }

  #structure(character: string): void {
    if (this.#depth === 0) {
      if (/\s/.test(character)) return;
      if (character !== "[" || this.#closed) throw malformed("expected one array");
      this.#depth = 1;
    } else if (character === '"') {
      this.#inString = true;
    } else if (character === "[" || character === "{") {
      this.#depth += 1;
    } else if (character === "]" || character === "}") {
      this.#depth -= 1;
      this.#closed = this.#depth === 0;
    }
  }

  /** An item's text; undefined for the nothing within an empty array. */
  #take(text: string): string | undefined {
    requireWithin(text.length, this.#charsMax);
    if (text.trim() !== "") {
      this.#items += 1;
      return text;
    }
    if (this.#items > 0 || !this.#closed) throw malformed("the array has an empty item");
    return undefined;
  }
}

/** The texts of an array's items, none longer than `charsMax`. */
export async function* jsonItemsFrom(
  chunks: AsyncIterable<Uint8Array>,
  charsMax: number,
  progress: StreamProgress,
): AsyncIterable<string> {
  const cutter = new ArrayCutter(charsMax);
  for await (const text of textOf(chunks)) {
    for (const item of cutter.push(text)) {
      progress.messages += 1;
      yield item;
    }
    progress.isBetween = cutter.isBetween;
  }
  cutter.end();
}
