/** Begins and ends a text, and takes its one value. */

import { unset } from "./leaf.ts";
import type { Frame, JsonRun, NamedPaths, ValuePlan } from "./run.ts";

/** The frame around a text's value; `label` and `named` are for the field that the value is. */
export class Root implements Frame {
  readonly parent = undefined;
  readonly depth = 0;
  readonly label: string;
  readonly named: NamedPaths | undefined;
  value: unknown = unset;
  readonly #plan: ValuePlan;
  #isBegun = false;

  constructor(plan: ValuePlan, label = "", named?: NamedPaths) {
    this.#plan = plan;
    this.label = label;
    this.named = named;
  }

  step(run: JsonRun): Frame | undefined {
    if (this.#isBegun) {
      run.cursor.expectEnd();
      return undefined;
    }
    this.#isBegun = true;
    return run.value(this.#plan, this) ?? this;
  }

  put(value: unknown): void {
    this.value = value;
  }
}
