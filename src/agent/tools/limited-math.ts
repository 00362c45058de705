/** The expression library, reduced to arithmetic on real numbers and to units. */

import type { MathJsInstance } from "mathjs";
import { optionalPackage } from "#core/optional-package.ts";

/** What the tools use of the library. */
export type LimitedMath = Pick<MathJsInstance, "parse" | "unit">;

/** Functions that an expression could use to reach beyond arithmetic. */
const refused = [
  "import",
  "createUnit",
  "config",
  "evaluate",
  "compile",
  "parse",
  "parser",
  "simplify",
  "simplifyConstant",
  "simplifyCore",
  "derivative",
  "rationalize",
  "resolve",
  "reviver",
] as const;

/** Imports the library on first use (docs/design/agent.md says what it costs). */
export async function loadLimitedMath(): Promise<LimitedMath> {
  const { all, create } = (
    await optionalPackage("mathjs", () => import("mathjs/lib/browser/math.js"))
  ).default;
  // Predictable: the root of -1 is not a number, rather than a complex one.
  const math = create(all ?? {}, { predictable: true });
  const limited = { parse: math.parse, unit: math.unit };
  const refusals = refused.map((name) => [name, refusal(name)] as const);
  math.import(
    { ...Object.fromEntries(refusals), divide: checkedDivide, mod: checkedMod },
    { override: true },
  );
  return limited;
}

function refusal(name: string): () => never {
  return () => {
    throw new RangeError(`${name} is not available`);
  };
}

function checkedDivide(dividend: number, divisor: number): number {
  if (divisor === 0) throw new RangeError("division by zero");
  return dividend / divisor;
}

/** The remainder with the sign of the divisor. */
function checkedMod(dividend: number, divisor: number): number {
  if (divisor === 0) throw new RangeError("division by zero");
  return dividend - divisor * Math.floor(dividend / divisor);
}
