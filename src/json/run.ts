/** One text on its way into a message: the cursor, what may still be read, and the frame that reads on. */

import type { Registry } from "@bufbuild/protobuf";
import { Cursor, mark, StringPieces } from "./cursor.ts";
import type { Leaf } from "./leaf.ts";
import { unset } from "./leaf.ts";
import type { JsonLimits } from "./limits.ts";
import { JsonProblem, TooManyJsonElements, tooDeep, unfit } from "./problem.ts";
import type { TextParts } from "./text-parts.ts";

/** Where the paths of the fields that a text names are collected. */
export interface NamedPaths {
  /** What leads to the message, such as `book.`; empty for the whole one. */
  readonly prefix: string;
  readonly paths: string[];
}

/** A list or object that has been opened and not closed yet. It holds what is read within it. */
export interface Frame {
  readonly parent: Frame | undefined;
  /** Lists and objects that are open, this one included. */
  readonly depth: number;
  /** Reads on; the frame that goes on then: itself when it was only interrupted. Undefined after the last. */
  step(run: JsonRun): Frame | undefined;
  /** Takes the value where it stands; `unset` and `ignored` are none. Throws a JsonProblem. */
  put(value: unknown): void;
  /** Where it stands, as the end of a path. */
  readonly label: string;
  /** Nothing will be read into it any more: it gives back the memory that the collector would find late. */
  abandon?(): void;
  /** For the names in a message that is read within it; undefined when no one asks for them. */
  readonly named: NamedPaths | undefined;
}

/** Opens a list or object: the cursor is after its bracket. */
export type Open = (run: JsonRun, parent: Frame) => Frame;

/** What a value may be, and what is made of it. */
export interface ValuePlan {
  /** Words for what it may be. */
  readonly expected: string;
  readonly leaf: Leaf | undefined;
  readonly object: Open | undefined;
  readonly list: Open | undefined;
}

/** A plan of values that are written in one way only. */
export function onlyPlan(expected: string, part: Partial<ValuePlan>): ValuePlan {
  return { expected, leaf: undefined, object: undefined, list: undefined, ...part };
}

/** What an element costs, in parts of one; numbers in a list take less memory than anything else. */
export const cost = { whole: 16, number: 1 } as const;

/** How the text is read, besides its type. */
export interface RunOptions extends JsonLimits {
  /** Types that google.protobuf.Any may carry, and extensions. */
  readonly registry: Registry;
  /** Fields that the type has not are passed over. */
  readonly ignoresUnknown: boolean;
}

/** Reads one text. */
export class JsonRun {
  readonly cursor: Cursor;
  readonly options: RunOptions;
  /** What all elements so far have cost. */
  spent = 0;
  /** Characters that were read before their turn. */
  searchedChars = 0;
  readonly #costMax: number;
  #frame: Frame | undefined;

  /** `root` begins and ends the text. */
  constructor(text: string | TextParts, root: Frame, options: RunOptions) {
    this.cursor = new Cursor(text);
    this.options = options;
    this.#costMax = options.elementsMax * cost.whole;
    this.#frame = root;
  }

  /** Reads about as many characters more; whether all has been read. Throws a JsonProblem with its path. */
  advance(chars: number): boolean {
    const { cursor } = this;
    cursor.readAhead();
    cursor.pauseAt = cursor.at + chars;
    let frame = this.#frame;
    try {
      while (frame !== undefined && cursor.at < cursor.pauseAt) frame = frame.step(this);
    } catch (thrown) {
      for (let at = frame; at !== undefined; at = at.parent) at.abandon?.();
      throw thrown instanceof JsonProblem ? thrown.at(pathOf(frame)) : thrown;
    }
    this.#frame = frame;
    return frame === undefined;
  }

  /** An item of a list or a member of an object. Throws a JsonProblem past the limit. */
  spend(costs: number): void {
    this.spent += costs;
    if (this.spent <= this.#costMax) return;
    throw new TooManyJsonElements(this.options.elementsMax);
  }

  /** The depth of what is opened within `parent`. Throws a JsonProblem past the limit. */
  depthWithin(parent: Frame): number {
    const { depthMax } = this.options;
    if (parent.depth < depthMax) return parent.depth + 1;
    throw tooDeep(depthMax);
  }

  /** Whether another item follows, at which the cursor then stands; after the end otherwise. */
  more(close: number, isFirst: boolean): boolean {
    const { cursor } = this;
    const code = cursor.token();
    if (code === close) {
      cursor.at += 1;
      return false;
    }
    if (isFirst) return true;
    if (code !== mark.comma) throw cursor.unexpected(`a comma or ${String.fromCharCode(close)}`);
    cursor.at += 1;
    return true;
  }

  /** The name of a member, with the colon after it; the cursor stands at its quote. */
  name(): string {
    const { cursor } = this;
    if (cursor.token() !== mark.quote) throw cursor.unexpected("a name");
    const name = cursor.string();
    if (name === undefined) throw new JsonProblem("limit", "the name of a member is too long");
    cursor.expect(mark.colon, "a colon");
    return name;
  }

  /** Reads the value at the cursor for `holder`, at once, or begins a frame of its own for it. */
  value(plan: ValuePlan, holder: Frame): Frame | undefined {
    const { cursor } = this;
    const { leaf } = plan;
    const code = cursor.token();
    switch (code) {
      case mark.quote: {
        if (leaf === undefined) throw unfit(plan.expected);
        const text = cursor.string();
        if (text === undefined) return new LongString(holder, plan, cursor);
        holder.put(held(leaf.text(text), plan));
        return undefined;
      }
      case mark.openObject: {
        if (plan.object === undefined) throw unfit(plan.expected);
        cursor.at += 1;
        return plan.object(this, holder);
      }
      case mark.openList: {
        if (plan.list === undefined) throw notList(plan, holder);
        cursor.at += 1;
        return plan.list(this, holder);
      }
      default:
        this.#plain(code, plan, holder);
        return undefined;
    }
  }

  /** A number or a literal. */
  #plain(code: number, plan: ValuePlan, holder: Frame): void {
    const { cursor } = this;
    const { leaf } = plan;
    if (code === mark.minus || (code >= mark.zero && code <= mark.nine)) {
      const number = cursor.number();
      holder.put(held(leaf?.number(number, cursor), plan));
      return;
    }
    const literal = cursor.literal();
    if (leaf?.floatMax !== undefined && literal !== null) {
      throw unfit(`${plan.expected}, not ${literal}: 1 is written for true, 0 for false`);
    }
    if (leaf !== undefined) holder.put(held(leaf.literal(literal), plan));
    else holder.put(held(literal === null ? unset : undefined, plan));
  }
}

/** A list where none may be; of numbers it is mostly a tensor that is nested. */
function notList({ expected, leaf }: ValuePlan, holder: Frame): JsonProblem {
  const isNested = leaf?.floatMax !== undefined && holder.label.endsWith("]");
  return unfit(
    isNested ? `${expected}, not a list: items are written one after the other, flat` : expected,
  );
}

function held(value: unknown, { expected }: ValuePlan): unknown {
  if (value === undefined) throw unfit(expected);
  return value;
}

function pathOf(frame: Frame | undefined): string {
  let path = "";
  for (let at = frame; at !== undefined; at = at.parent) path = at.label + path;
  return path.startsWith(".") ? path.slice(1) : path;
}

/** A string that is read in pieces. */
class LongString implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly label = "";
  readonly named = undefined;
  readonly #plan: ValuePlan;
  readonly #pieces: StringPieces;

  constructor(parent: Frame, plan: ValuePlan, cursor: Cursor) {
    this.parent = parent;
    this.depth = parent.depth;
    this.#plan = plan;
    this.#pieces = new StringPieces(cursor);
  }

  step(): Frame {
    const text = this.#pieces.next();
    if (text === undefined) return this;
    this.parent.put(held(this.#plan.leaf?.text(text), this.#plan));
    return this.parent;
  }

  put(): void {}
}
