/** The calculator: one arithmetic expression, checked node by node before it is computed. */

import type { MathNode } from "mathjs";
import type { LimitedMath } from "./limited-math.ts";
import { formatNumber, type ToolResult } from "./result.ts";

/** Longest expression, in characters. With only the functions below, it also bounds the time. */
export const expressionLengthMax = 256;

/** Functions an expression may call: each takes a handful of numbers and costs constant time. */
export const calculatorFunctions: ReadonlySet<string> = new Set(
  (
    "abs acos asin atan atan2 cbrt ceil cos cosh exp factorial floor gcd hypot lcm log log10 log2 " +
    "max mean median min mod pow round sign sin sinh sqrt sum tan tanh"
  ).split(" "),
);

/** Names an expression may use for numbers. */
export const calculatorConstants: ReadonlySet<string> = new Set(["e", "pi", "phi", "tau"]);

const operators: ReadonlySet<string> = new Set(
  "add subtract multiply divide mod pow factorial unaryMinus unaryPlus".split(" "),
);

/** Computes `expression`; whatever is wrong with it is the result's problem. Never evaluates code. */
export function calculate(math: LimitedMath, expression: string): ToolResult {
  if (expression.length > expressionLengthMax) {
    return { ok: false, problem: `an expression has at most ${expressionLengthMax} characters` };
  }
  try {
    const tree = math.parse(expression);
    const [foreign] = tree.filter((node) => !isArithmetic(node));
    if (foreign !== undefined) return { ok: false, problem: `not arithmetic: ${foreign.type}` };
    const value: unknown = tree.compile().evaluate();
    if (typeof value !== "number" || Number.isNaN(value)) {
      return { ok: false, problem: "the result is not a real number" };
    }
    if (!Number.isFinite(value)) return { ok: false, problem: "the result is too large" };
    return { ok: true, text: formatNumber(value) };
  } catch (error) {
    // Texts of the library name positions and functions of the expression, nothing of the process.
    return { ok: false, problem: error instanceof Error ? error.message : "not an expression" };
  }
}

interface NamedNode extends MathNode {
  readonly name: string;
}

interface OperatorNode extends MathNode {
  readonly fn: string;
}

interface ConstantNode extends MathNode {
  readonly value: unknown;
}

function isArithmetic(node: MathNode): boolean {
  switch (node.type) {
    case "ParenthesisNode":
      return true;
    case "ConstantNode":
      return typeof (node as ConstantNode).value === "number";
    case "OperatorNode":
      return operators.has((node as OperatorNode).fn);
    case "SymbolNode": {
      const { name } = node as NamedNode;
      return calculatorConstants.has(name) || calculatorFunctions.has(name);
    }
    case "FunctionNode":
      return calculatorFunctions.has((node as NamedNode).name);
    default:
      return false;
  }
}
