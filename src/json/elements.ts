/** The elements of nested lists, flat and in their order, however deep they stand: a tensor that is on its way. */

import { GatheredElements } from "#core/byte-elements.ts";
import { free } from "#core/free.ts";
import { JsonProblem } from "./problem.ts";

/** One element; integers that a double would round are exact. */
export type Element = number | bigint | boolean | string | Uint8Array;

/** What elements are; all of one tensor are of one kind. */
export type ElementKind = "number" | "boolean" | "text";

const roomMin = 64;

function kindOf(value: Element): ElementKind {
  if (typeof value === "number" || typeof value === "bigint") return "number";
  return typeof value === "boolean" ? "boolean" : "text";
}

function uneven(): JsonProblem {
  return new JsonProblem("unfit", "some elements are nested deeper than others");
}

/** Collects elements. Everything that it throws is a JsonProblem. */
export class Elements {
  #kind: ElementKind | undefined;
  #count = 0;
  #numbers: Float64Array<ArrayBuffer> = new Float64Array(0);
  readonly #long = new Map<number, bigint>();
  readonly #texts = new GatheredElements();
  /** How many lists each element stands in. */
  #rank: number | undefined;
  /** Items of the lists at each depth, where one of them has ended. */
  readonly #sizes: number[] = [];

  /** What they are; undefined when there are none. */
  get kind(): ElementKind | undefined {
    return this.#kind;
  }

  get count(): number {
    return this.#count;
  }

  /** Items of the lists at each depth, the outermost first; empty for a single element. */
  get shape(): readonly number[] {
    return this.#sizes;
  }

  /** Numbers as doubles, truth values as 1 and 0. */
  get numbers(): Float64Array {
    return this.#numbers.subarray(0, this.#count);
  }

  /** By their places, the integers that are no doubles. */
  get long(): ReadonlyMap<number, bigint> {
    return this.#long;
  }

  /** Texts as UTF-8, and bytes that were written as base64: the bytes of a tensor of them. They are not here any more. */
  takeTexts(): Uint8Array {
    return this.#texts.take();
  }

  /** Gives memory back at once: no number and no text is here any more. */
  free(): void {
    free(this.#numbers);
    this.#numbers = new Float64Array(0);
    this.#texts.clear();
  }

  /** Adds an element that stands in `rank` lists. */
  add(value: Element, rank: number): void {
    this.#require(kindOf(value), rank);
    if (typeof value === "string" || value instanceof Uint8Array) {
      this.#texts.add(value);
      // Bytes were decoded for this place alone.
      if (typeof value !== "string") free(value);
    } else {
      this.#reserve(1);
      if (typeof value === "bigint") this.#long.set(this.#count, value);
      this.#numbers[this.#count] = Number(value);
    }
    this.#count += 1;
  }

  /** Adds numbers that stand in `rank` lists. */
  addNumbers(values: readonly number[], rank: number): void {
    this.#require("number", rank);
    this.#reserve(values.length);
    this.#numbers.set(values, this.#count);
    this.#count += values.length;
  }

  /** A list at `depth`, the outermost being 0, has ended after so many items. */
  endList(depth: number, count: number): void {
    if (this.#rank !== undefined && depth >= this.#rank) throw uneven();
    const known = this.#sizes[depth];
    if (known === undefined) this.#sizes[depth] = count;
    else if (known !== count) {
      const text = `this list has ${count} items, those before it have ${known}`;
      throw new JsonProblem("unfit", text);
    }
  }

  #require(kind: ElementKind, rank: number): void {
    this.#rank ??= rank;
    if (rank !== this.#rank || this.#sizes.length > rank) throw uneven();
    this.#kind ??= kind;
    if (kind === this.#kind) return;
    throw new JsonProblem(
      "unfit",
      `expected a ${this.#kind}, as the elements before, not a ${kind}`,
    );
  }

  #reserve(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.#numbers.length) return;
    const room = Math.max(needed, 2 * this.#numbers.length, roomMin);
    // What was outgrown is gone at once, and does not wait for the garbage collector.
    const moved = this.#numbers.buffer.transfer(room * Float64Array.BYTES_PER_ELEMENT);
    this.#numbers = new Float64Array(moved);
  }
}
