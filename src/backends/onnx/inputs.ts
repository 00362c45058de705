/** Checks the inputs of a request against what the model takes. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import { datatypeBytes, elementCount, type NamedTensor } from "#core/tensor.ts";
import { type FieldViolation, fault } from "#errors/fault.ts";
import { textsOf } from "#inference/tensor-text.ts";

/** A lone input without a name is the model's only one. */
function named(
  inputs: readonly NamedTensor[],
  specs: readonly TensorSpec[],
): readonly NamedTensor[] {
  const [input, ...others] = inputs;
  const [spec, ...otherSpecs] = specs;
  if (input?.name !== "" || spec === undefined || others.length + otherSpecs.length > 0) {
    return inputs;
  }
  return [{ ...input, name: spec.name }];
}

/** What holds for all inputs of a model. */
export interface InputRules {
  /** Elements of BYTES are UTF-8; else whatever the model takes, such as encoded images. */
  readonly areTexts: boolean;
}

/**
 * The inputs in the model's order. Throws TENSOR_INVALID with everything that is wrong: missing,
 * unknown and repeated names, and per input the type, shape or size that was expected and came.
 */
export function checkInputs(
  given: readonly NamedTensor[],
  specs: readonly TensorSpec[],
  rules: InputRules = { areTexts: true },
): readonly NamedTensor[] {
  const inputs = named(given, specs);
  const violations = inputs.flatMap((input, index) => {
    const at = `inputs[${index}]`;
    const spec = specs.find(({ name }) => name === input.name);
    if (spec === undefined) {
      const known = specs.map(({ name }) => `"${name}"`).join(", ");
      return { field: `${at}.name`, description: `no input "${input.name}"; there is ${known}` };
    }
    const isFirst = inputs.findIndex(({ name }) => name === input.name) === index;
    return isFirst
      ? inputViolations(at, input, { spec, rules })
      : { field: `${at}.name`, description: `input "${input.name}" comes more than once` };
  });
  const checked = specs.flatMap((spec) => {
    const input = inputs.find(({ name }) => name === spec.name);
    if (input !== undefined) return input;
    if (spec.isOptional === true) return [];
    const description = `input "${spec.name}", ${typed(spec)}, is missing`;
    violations.push({ field: "inputs", description });
    return [];
  });
  if (violations.length > 0) throw tensorFault(violations);
  return checked;
}

/** TENSOR_INVALID with its fields, the text made of all of them. */
function tensorFault(fields: readonly FieldViolation[]) {
  const text = fields.map(({ field, description }) => `${field}: ${description}`).join("; ");
  return fault("TENSOR_INVALID", text, { fields });
}

/** The first thing that is wrong with an input, if any. */
function inputViolations(
  at: string,
  input: NamedTensor,
  { spec, rules }: { readonly spec: TensorSpec; readonly rules: InputRules },
): FieldViolation[] {
  const { name, datatype, shape, bytes } = input;
  if (datatype !== spec.datatype) {
    return [
      { field: `${at}.datatype`, description: `"${name}" is ${spec.datatype}, not ${datatype}` },
    ];
  }
  if (!fits(shape, spec)) {
    const description = `"${name}" is ${typed(spec)}, not [${shape.join(", ")}]`;
    return [{ field: `${at}.shape`, description }];
  }
  // What is no list of elements is found when they are taken apart.
  if (datatype === "BYTES" && !rules.areTexts) return [];
  if (datatype === "BYTES") {
    const texts = textsOf(input);
    const description = texts.ok ? endedText(texts.texts) : texts.problem;
    return description === undefined
      ? []
      : [{ field: at, description: `"${name}": ${description}` }];
  }
  const bytesNeeded = elementCount(shape) * datatypeBytes[datatype];
  if (bytes.byteLength === bytesNeeded) return [];
  const description = `"${name}", ${typed(input)}, has ${bytes.byteLength} bytes instead of ${bytesNeeded}`;
  return [{ field: at, description }];
}

/** The runtime ends a text at its first NUL: one that has more after it would be another without a word. */
function endedText(texts: readonly string[]): string | undefined {
  const at = texts.findIndex((text) => text.includes("\u0000"));
  return at < 0
    ? undefined
    : `element ${at} has the character NUL, which the runtime does not take`;
}

/** An empty declared shape is a scalar or any rank: who cannot tell leaves it to the run. */
function fits(shape: readonly number[], { shape: declared, isScalar }: TensorSpec): boolean {
  if (declared.length === 0) return isScalar !== true || shape.length === 0;
  return (
    shape.length === declared.length &&
    shape.every((size, at) => declared[at] === -1 || declared[at] === size)
  );
}

function typed({
  datatype,
  shape,
}: {
  readonly datatype: string;
  readonly shape: readonly number[];
}) {
  return `${datatype} [${shape.join(", ")}]`;
}
