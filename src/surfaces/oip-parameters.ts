/** Parameters that JSON wrote, as those of the protocol's messages. Pure. */

import { fault } from "#errors/fault.ts";

/** The value of a parameter, by the names of its message. */
type Choice =
  | { readonly case: "boolParam"; readonly value: boolean }
  | { readonly case: "int64Param"; readonly value: bigint }
  | { readonly case: "doubleParam"; readonly value: number }
  | { readonly case: "stringParam"; readonly value: string };

function choiceOf(value: unknown): Choice | undefined {
  switch (typeof value) {
    case "boolean":
      return { case: "boolParam", value };
    case "string":
      return { case: "stringParam", value };
    case "number":
      return Number.isSafeInteger(value)
        ? { case: "int64Param", value: BigInt(value) }
        : { case: "doubleParam", value };
    default:
      return undefined;
  }
}

/** Parameters by name, each made by `make`. Throws REQUEST_INVALID for one that is a list, an object or null. */
export function plainParameters<P>(
  parameters: Readonly<Record<string, unknown>>,
  at: string,
  make: (init: { readonly parameterChoice: Choice }) => P,
): Record<string, P> {
  const made = Object.entries(parameters).map(([name, value]): [string, P] => {
    const parameterChoice = choiceOf(value);
    if (parameterChoice !== undefined) return [name, make({ parameterChoice })];
    const field = `${at}parameters.${name}`;
    const description = "expected a truth value, a number or a text";
    throw fault("REQUEST_INVALID", `${field}: ${description}`, {
      fields: [{ field, description }],
    });
  });
  return Object.fromEntries(made);
}
