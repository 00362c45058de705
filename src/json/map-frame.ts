/** Reads the entries of a map, or the members of an object that any names are allowed in. */

import { mark } from "./cursor.ts";
import { ignored, unset } from "./leaf.ts";
import { JsonProblem, unfit } from "./problem.ts";
import { cost, type Frame, type JsonRun, type ValuePlan } from "./run.ts";

type Entries = Record<string, unknown>;

/** What a map is made of, and becomes. */
export interface MapPlan {
  /** The key that a name writes, as it is held; undefined when it writes none. */
  readonly key: (name: string) => string | undefined;
  readonly keyExpected: string;
  /** Asked for when the first entry is there: types refer to each other. */
  readonly value: () => ValuePlan;
  readonly finish: (entries: Entries) => unknown;
}

export class MapFrame implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly named = undefined;
  readonly #plan: MapPlan;
  readonly #value: ValuePlan;
  readonly #entries: Entries = {};
  #count = 0;
  #key = "";
  /** The name of the entry that was begun last. */
  #name: string | undefined;

  constructor(run: JsonRun, parent: Frame, plan: MapPlan) {
    this.depth = run.depthWithin(parent);
    this.parent = parent;
    this.#plan = plan;
    this.#value = plan.value();
  }

  get label(): string {
    return this.#name === undefined ? "" : `[${this.#name}]`;
  }

  step(run: JsonRun): Frame | undefined {
    const { cursor } = run;
    while (cursor.at < cursor.pauseAt) {
      if (!run.more(mark.closeObject, this.#count === 0)) {
        this.#name = undefined;
        this.parent.put(this.#plan.finish(this.#entries));
        return this.parent;
      }
      run.spend(cost.whole);
      this.#begin(run.name());
      const frame = run.value(this.#value, this);
      if (frame !== undefined) return frame;
    }
    return this;
  }

  put(value: unknown): void {
    if (value === unset) throw new JsonProblem("unfit", "a value of a map must not be null");
    if (value === ignored) return;
    if (this.#key !== "__proto__") {
      this.#entries[this.#key] = value;
      return;
    }
    const descriptor = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(this.#entries, this.#key, descriptor);
  }

  #begin(name: string): void {
    this.#count += 1;
    this.#name = name;
    const key = this.#plan.key(name);
    if (key === undefined) throw unfit(`a key that is ${this.#plan.keyExpected}`);
    if (Object.hasOwn(this.#entries, key)) throw new JsonProblem("unfit", "given more than once");
    this.#key = key;
  }
}
