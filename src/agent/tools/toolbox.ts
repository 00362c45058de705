/** The agent's own tools behind one call; the expression library is loaded when first needed. */

import type { Clock } from "#core/clock.ts";
import { calculate } from "./calculator.ts";
import { type LimitedMath, loadLimitedMath } from "./limited-math.ts";
import type { ToolResult } from "./result.ts";
import { type Conversion, convertUnits } from "./unit-converter.ts";
import { timeIn } from "./world-clock.ts";

/** A call of one tool; everything besides `tool` is its arguments, as the caller is shown them. */
export type Invocation =
  | { readonly tool: "calculator"; readonly expression: string }
  | { readonly tool: "clock"; readonly zone: string }
  | ({ readonly tool: "unit_converter" } & Conversion);

/** Runs the agent's own tools. */
export interface Toolbox {
  /** Never rejects for what the arguments say. */
  run(invocation: Invocation): Promise<ToolResult>;
  /** Loads what the tools need. */
  warmUp(): Promise<void>;
}

/** A toolbox that tells the time of `clock`. */
export function createToolbox(clock: Clock): Toolbox {
  let math: Promise<LimitedMath> | undefined;
  const loadMath = () => {
    math ??= loadLimitedMath();
    return math;
  };
  return {
    async run(invocation) {
      switch (invocation.tool) {
        case "calculator":
          return calculate(await loadMath(), invocation.expression);
        case "clock":
          return timeIn(invocation.zone, clock.wallMs());
        case "unit_converter":
          return convertUnits(await loadMath(), invocation);
      }
    },
    async warmUp() {
      await loadMath();
    },
  };
}
