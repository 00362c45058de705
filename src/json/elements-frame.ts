/** Reads nested lists of numbers, truth values and texts into one tensor's elements, and rows of them into several. */

import { codeAt } from "#core/code-at.ts";
import { bytesFromLines } from "./base64.ts";
import { type Cursor, mark } from "./cursor.ts";
import { type Element, Elements } from "./elements.ts";
import { floatsAt } from "./floats.ts";
import { type Leaf, textLeaf } from "./leaf.ts";
import { JsonProblem, unfit } from "./problem.ts";
import { recordPlan } from "./record.ts";
import { cost, type Frame, type JsonRun, onlyPlan, type ValuePlan } from "./run.ts";
import { exactInteger } from "./scalar.ts";

/** Integers of as many characters are exact as doubles. */
const exactChars = 15;

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Any element, as it is. */
const elementLeaf: Leaf = {
  expected: "a number, a truth value or a text",
  isNumber: true,
  text: (text) => text,
  number(value, cursor) {
    const isExact = cursor.at - cursor.numberAt <= exactChars || !Number.isInteger(value);
    if (isExact || Number.isSafeInteger(value)) return finite(value);
    return exactInteger(cursor.numberText()) ?? value;
  },
  literal: (value) => value ?? undefined,
};

/** `{"b64": "…"}`: bytes in a place for texts. */
const encodedPlan = recordPlan({
  b64: onlyPlan("base64", { leaf: textLeaf("base64", bytesFromLines) }),
});

const elementPlan = onlyPlan(elementLeaf.expected, { leaf: elementLeaf });
const encodableElementPlan: ValuePlan = {
  ...elementPlan,
  object: encodedPlan.object,
};

/** The element that a value is: what `encodedPlan` reads is bytes. */
function elementOf(value: unknown): Element {
  if (typeof value !== "object" || value instanceof Uint8Array) return value as Element;
  const { b64 } = value as { readonly b64?: Uint8Array };
  if (b64 === undefined) throw unfit('an object with "b64" alone');
  return b64;
}

const capitalI = 0x49;
const capitalN = 0x4e;

/** Throws a JsonProblem for the words that programs write in place of numbers which JSON has not. */
function requireNumber({ text, at }: Cursor, code: number): void {
  const first = code === mark.minus ? codeAt(text, at + 1) : code;
  if (first !== capitalN && first !== capitalI) return;
  throw unfit("a finite number: JSON has no NaN and no infinity");
}

/** What is not a number takes as much as any other element. */
function spendMore(run: JsonRun, value: unknown): void {
  if (typeof value !== "number" && typeof value !== "boolean") run.spend(cost.whole - cost.number);
}

/** What a list of elements is read into, and as what. */
interface Target {
  readonly elements: Elements;
  /** Lists that it stands in. */
  readonly level: number;
  readonly item: ValuePlan;
}

/** A list of elements, or of lists of them. */
class ElementsFrame implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly named = undefined;
  readonly #run: JsonRun;
  readonly #target: Target;
  #count = 0;
  /** Numbers may be read in stretches as long as none of them is more than a double holds exactly. */
  #exactMax = Number.MAX_SAFE_INTEGER;

  constructor(run: JsonRun, parent: Frame, target: Target) {
    this.depth = run.depthWithin(parent);
    this.parent = parent;
    this.#run = run;
    this.#target = target;
  }

  get label(): string {
    return this.#count === 0 ? "" : `[${this.#count - 1}]`;
  }

  step(run: JsonRun): Frame | undefined {
    const { cursor } = run;
    while (cursor.at < cursor.pauseAt) {
      if (!run.more(mark.closeList, this.#count === 0)) {
        const { elements, level } = this.#target;
        elements.endList(level, this.#count);
        if (!(this.parent instanceof ElementsFrame)) this.parent.put(elements);
        return this.parent;
      }
      if (this.#exactMax > 0 && this.#stretch(run)) continue;
      run.spend(cost.number);
      this.#count += 1;
      const code = cursor.token();
      requireNumber(cursor, code);
      if (code === mark.openList) {
        cursor.at += 1;
        return new ElementsFrame(run, this, {
          ...this.#target,
          level: this.#target.level + 1,
        });
      }
      const frame = run.value(this.#target.item, this);
      if (frame !== undefined) return frame;
    }
    return this;
  }

  abandon(): void {
    this.#target.elements.free();
  }

  put(value: unknown): void {
    const element = elementOf(value);
    spendMore(this.#run, element);
    this.#target.elements.add(element, this.#target.level + 1);
  }

  #stretch(run: JsonRun): boolean {
    const numbers = floatsAt(run.cursor, this.#exactMax);
    if (numbers === undefined) {
      this.#exactMax = 0;
      return false;
    }
    run.spend(numbers.length * cost.number);
    this.#count += numbers.length;
    this.#target.elements.addNumbers(numbers, this.#target.level + 1);
    return true;
  }
}

/** A list of elements, flat or nested: it becomes `Elements`. */
export const elementsPlan: ValuePlan = onlyPlan("a list of numbers, truth values or texts", {
  list: (run, parent) =>
    new ElementsFrame(run, parent, { elements: new Elements(), level: 0, item: elementPlan }),
});

/** One element that stands in no list, as a tensor. */
function single(value: unknown): Elements {
  const elements = new Elements();
  elements.add(elementOf(value), 0);
  return elements;
}

/** A frame around one object, whose value becomes something else. */
class Becoming implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly label = "";
  readonly named = undefined;
  readonly #become: (value: unknown) => unknown;
  #value: unknown;

  constructor(parent: Frame, become: (value: unknown) => unknown) {
    this.parent = parent;
    this.depth = parent.depth;
    this.#become = become;
  }

  step(): Frame {
    this.parent.put(this.#become(this.#value));
    return this.parent;
  }

  put(value: unknown): void {
    this.#value = value;
  }
}

/** A tensor as TensorFlow Serving takes it: a list, or one element; texts may be base64. */
const columnPlan: ValuePlan = onlyPlan("a tensor", {
  leaf: {
    ...elementLeaf,
    text: single,
    number(value, cursor) {
      const element = elementLeaf.number(value, cursor);
      return element === undefined ? undefined : single(element);
    },
    literal: (value) => (value === null ? undefined : single(value)),
  },
  list: (run, parent) =>
    new ElementsFrame(run, parent, {
      elements: new Elements(),
      level: 0,
      item: encodableElementPlan,
    }),
});

/** Tensors by the names of their inputs; a lone one may be without. */
export interface NamedElements {
  readonly columns: ReadonlyMap<string, Elements>;
  /** Rows of which they are made; undefined where they came as they are. */
  readonly rows?: number;
}

/** The name of a tensor that has none. */
const nameless = "";
/** Most names of one text. */
const namesMax = 64;
const encodedName = "b64";

/** Whether the object at the cursor, which is after its bracket, is `{"b64": …}`. */
function isEncoded({ cursor }: JsonRun): boolean {
  cursor.token();
  return cursor.text.startsWith(`"${encodedName}"`, cursor.at);
}

/** The members of an object, each a tensor or a row of one. */
class ColumnsFrame implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly named = undefined;
  readonly #take: (name: string, value: unknown) => void;
  readonly #planOf: (name: string) => ValuePlan;
  readonly #names = new Set<string>();
  #name: string | undefined;

  constructor(
    run: JsonRun,
    parent: Frame,
    planOf: (name: string) => ValuePlan,
    take: (name: string, value: unknown) => void,
  ) {
    this.depth = run.depthWithin(parent);
    this.parent = parent;
    this.#planOf = planOf;
    this.#take = take;
  }

  get label(): string {
    return this.#name === undefined ? "" : `.${this.#name}`;
  }

  step(run: JsonRun): Frame | undefined {
    const { cursor } = run;
    while (cursor.at < cursor.pauseAt) {
      if (!run.more(mark.closeObject, this.#names.size === 0)) {
        this.#name = undefined;
        this.parent.put(this.#names);
        return this.parent;
      }
      run.spend(cost.whole);
      const name = run.name();
      this.#name = name;
      if (this.#names.has(name)) throw new JsonProblem("unfit", "given more than once");
      this.#names.add(name);
      if (this.#names.size > namesMax) {
        throw new JsonProblem("limit", `there are more than ${namesMax} inputs`);
      }
      const frame = run.value(this.#planOf(name), this);
      if (frame !== undefined) return frame;
    }
    return this;
  }

  put(value: unknown): void {
    this.#take(this.#name ?? nameless, value);
  }
}

/** Tensors as columns: `{"x": [[1, 2]]}`, or one without a name. */
export const columnsPlan: ValuePlan = onlyPlan("a tensor, or an object of tensors", {
  leaf: {
    ...elementLeaf,
    text: (text) => lone(single(text)),
    number(value, cursor) {
      const element = elementLeaf.number(value, cursor);
      return element === undefined ? undefined : lone(single(element));
    },
    literal: (value) => (value === null ? undefined : lone(single(value))),
  },
  list(run, parent) {
    const around = new Becoming(parent, (value) => lone(value as Elements));
    const target = { elements: new Elements(), level: 0, item: encodableElementPlan };
    return new ElementsFrame(run, around, target);
  },
  object(run, parent) {
    if (isEncoded(run)) {
      const around = new Becoming(parent, (value) => lone(single(value)));
      return encodedObject(run, around);
    }
    const columns = new Map<string, Elements>();
    const around = new Becoming(parent, (): NamedElements => ({ columns }));
    const take = (name: string, value: unknown) =>
      void columns.set(name, value instanceof Elements ? value : single(value));
    return new ColumnsFrame(run, around, () => encodableColumnPlan, take);
  },
});

const encodableColumnPlan: ValuePlan = { ...columnPlan, object: encodedPlan.object };

function lone(elements: Elements): NamedElements {
  return { columns: new Map([[nameless, elements]]) };
}

function encodedObject(run: JsonRun, parent: Frame): Frame {
  if (encodedPlan.object === undefined) throw unfit(encodedPlan.expected);
  return encodedPlan.object(run, parent);
}

/** Tensors as rows: each item of the list is a row of every one. */
class RowsFrame implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly named = undefined;
  readonly #run: JsonRun;
  readonly #columns = new Map<string, Elements>();
  #rows = 0;
  /** The row in progress is an object of names. */
  #isNamed = false;

  constructor(run: JsonRun, parent: Frame) {
    this.depth = run.depthWithin(parent);
    this.parent = parent;
    this.#run = run;
  }

  get label(): string {
    return this.#rows === 0 ? "" : `[${this.#rows - 1}]`;
  }

  step(run: JsonRun): Frame | undefined {
    const { cursor } = run;
    while (cursor.at < cursor.pauseAt) {
      if (!run.more(mark.closeList, this.#rows === 0)) {
        for (const elements of this.#columns.values()) elements.endList(0, this.#rows);
        const named: NamedElements = { columns: this.#columns, rows: this.#rows };
        this.#rows = 0;
        this.parent.put(named);
        return this.parent;
      }
      run.spend(cost.number);
      this.#rows += 1;
      this.#isNamed = false;
      const frame = this.#row(run);
      if (frame !== undefined) return frame;
    }
    return this;
  }

  abandon(): void {
    for (const elements of this.#columns.values()) elements.free();
  }

  /** The names of a row's members, or a row of the tensor without a name. */
  put(value: unknown): void {
    if (!this.#isNamed) {
      this.#add(nameless, value);
      return;
    }
    const names = value as ReadonlySet<string>;
    for (const name of this.#columns.keys()) {
      if (!names.has(name)) throw new JsonProblem("unfit", `input "${name}" is missing`);
    }
  }

  #row(run: JsonRun): Frame | undefined {
    const { cursor } = run;
    const isObject = cursor.token() === mark.openObject;
    if (isObject) {
      cursor.at += 1;
      if (isEncoded(run)) return encodedObject(run, this);
      run.spend(cost.whole);
      this.#isNamed = true;
      const take = (name: string, value: unknown) => this.#add(name, value);
      return new ColumnsFrame(run, this, (name) => this.#planOf(name), take);
    }
    return run.value(this.#planOf(nameless), this);
  }

  /** How a row of an input is read: lists go straight to its elements. */
  #planOf(name: string): ValuePlan {
    return {
      ...encodableElementPlan,
      list: (run, parent) => {
        const elements = this.#elementsOf(name);
        return new ElementsFrame(run, parent, { elements, level: 1, item: encodableElementPlan });
      },
    };
  }

  #add(name: string, value: unknown): void {
    // A list has been read into its elements already.
    if (value instanceof Elements) return;
    const element = elementOf(value);
    spendMore(this.#run, element);
    this.#elementsOf(name).add(element, 1);
  }

  /** Those of a name, which every row has or none. */
  #elementsOf(name: string): Elements {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    if (this.#rows > 1) {
      throw new JsonProblem("unfit", `the rows before have no input "${name}"`);
    }
    const elements = new Elements();
    this.#columns.set(name, elements);
    return elements;
  }
}

/** Tensors as rows: `[[1, 2], [3, 4]]` of one input, `[{"x": [1, 2]}]` of named ones. */
export const rowsPlan: ValuePlan = onlyPlan("a list of rows", {
  list: (run, parent) => new RowsFrame(run, parent),
});
