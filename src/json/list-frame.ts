/** Reads the items of a list. */

import type { FieldLimit } from "#protobuf/field-limits.ts";
import { mark } from "./cursor.ts";
import { floatsAt } from "./floats.ts";
import { ignored, unset } from "./leaf.ts";
import { JsonProblem } from "./problem.ts";
import { cost, type Frame, type JsonRun, type ValuePlan } from "./run.ts";

/** What a list is made of, and becomes. */
export interface ListPlan {
  /** Asked for when the first item is there: types refer to each other. */
  readonly item: () => ValuePlan;
  /** Of the field, if it has one. */
  readonly limit: FieldLimit | undefined;
  readonly finish: (items: unknown[]) => unknown;
}

export class ListFrame implements Frame {
  readonly parent: Frame;
  readonly depth: number;
  readonly named = undefined;
  readonly #plan: ListPlan;
  readonly #item: ValuePlan;
  readonly #cost: number;
  readonly #items: unknown[] = [];
  #count = 0;
  /** Items may still be read in stretches, up to this number. */
  #floatMax: number;

  constructor(run: JsonRun, parent: Frame, plan: ListPlan) {
    this.depth = run.depthWithin(parent);
    this.parent = parent;
    this.#plan = plan;
    this.#item = plan.item();
    const { leaf } = this.#item;
    this.#cost = leaf?.isNumber ? cost.number : cost.whole;
    this.#floatMax = plan.limit === undefined ? (leaf?.floatMax ?? 0) : 0;
  }

  get label(): string {
    // Whatever is wrong is so with the item that was begun last.
    return this.#count === 0 ? "" : `[${this.#count - 1}]`;
  }

  step(run: JsonRun): Frame | undefined {
    const { cursor } = run;
    while (cursor.at < cursor.pauseAt) {
      if (!run.more(mark.closeList, this.#count === 0)) {
        this.#count = 0;
        this.parent.put(this.#plan.finish(this.#items));
        return this.parent;
      }
      if (this.#floatMax > 0 && this.#stretch(run)) continue;
      run.spend(this.#cost);
      this.#requireRoom();
      this.#count += 1;
      const frame = run.value(this.#item, this);
      if (frame !== undefined) return frame;
    }
    return this;
  }

  put(value: unknown): void {
    if (value === unset) throw new JsonProblem("unfit", "an item of a list must not be null");
    if (value !== ignored) this.#items.push(value);
  }

  /** Takes as many numbers as can be had at once; false when that is none. */
  #stretch(run: JsonRun): boolean {
    const numbers = floatsAt(run.cursor, this.#floatMax);
    if (numbers === undefined) {
      this.#floatMax = 0;
      return false;
    }
    run.spend(numbers.length * this.#cost);
    for (const number of numbers) this.#items.push(number);
    this.#count += numbers.length;
    return true;
  }

  #requireRoom(): void {
    const { limit } = this.#plan;
    if (limit === undefined || this.#count < limit.max) return;
    // The problem is the list's, not an item's.
    this.#count = 0;
    throw new JsonProblem("rule", limit.expected);
  }
}
