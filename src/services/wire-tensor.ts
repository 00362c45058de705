/** What the tensors of every wire are held to before a backend sees them. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { ModelStatus } from "#backends/backend.ts";
import { countOfElements } from "#core/byte-elements.ts";
import {
  type Datatype,
  datatypeBytes,
  elementCount,
  isDatatype,
  type NamedTensor,
} from "#core/tensor.ts";
import { type FieldViolation, fault } from "#errors/fault.ts";

/** TENSOR_INVALID, naming the field and what is wrong with it. */
export function invalidTensor(field: string, description: string): ConnectError {
  return fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** Greatest number of elements that differs from the next one: sizes beyond are none of a tensor. */
const sizeMax = 2 ** 40;

/** The datatype of a name. Throws TENSOR_INVALID. */
export function datatypeOf(name: string, field: string): Datatype {
  if (isDatatype(name)) return name;
  throw invalidTensor(`${field}.datatype`, `"${name}" is not a datatype`);
}

/** A shape of numbers. Throws TENSOR_INVALID for sizes that no tensor has. */
export function shapeOf(sizes: readonly (bigint | number)[], field: string): number[] {
  return sizes.map((size, at) => {
    if (size >= 0 && size <= sizeMax) return Number(size);
    throw invalidTensor(`${field}.shape[${at}]`, `${size} is not the size of a dimension`);
  });
}

/** Throws TENSOR_INVALID where so many elements do not fill the shape. */
export function requireCount(count: number, shape: readonly number[], field: string): void {
  const expected = elementCount(shape);
  if (count === expected) return;
  const sent = `shape [${shape.join(", ")}] holds ${expected} elements, ${count} were sent`;
  throw invalidTensor(field, sent);
}

/** Throws TENSOR_INVALID where raw bytes are not as many elements as the shape holds. */
export function requireBytes({ name, datatype, shape, bytes }: NamedTensor, field: string): void {
  const sizes = `[${shape.join(", ")}]`;
  if (datatype === "BYTES") {
    const count = countOfElements(bytes);
    if (count === undefined) {
      const sent = `the ${bytes.length} bytes that were sent`;
      throw invalidTensor(field, `the last element of "${name}" runs past ${sent}`);
    }
    requireCount(count, shape, field);
    return;
  }
  const elements = elementCount(shape);
  const needed = elements * datatypeBytes[datatype];
  if (bytes.length === needed) return;
  const held = `"${name}" of ${datatype} ${sizes} holds ${elements} elements, ${needed} bytes`;
  throw invalidTensor(field, `${held}; ${bytes.length} bytes were sent`);
}

/** Whether rows of several requests may run as one: the first size of every tensor is open. */
export function takesBatches({
  inputs,
  outputs,
  spec,
}: Pick<ModelStatus, "inputs" | "outputs" | "spec">): boolean {
  const tensors = [...inputs, ...outputs];
  return spec.batchMax > 1 && tensors.length > 0 && tensors.every(({ shape }) => shape[0] === -1);
}

/** Throws TENSOR_INVALID for more rows than the model declares that it takes. */
export function requireBatch(
  status: Pick<ModelStatus, "name" | "inputs" | "outputs" | "spec">,
  inputs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): void {
  if (!takesBatches(status)) return;
  const { batchMax } = status.spec;
  const fields = inputs.flatMap(({ shape: [rows = 0] }, at): FieldViolation[] => {
    if (rows <= batchMax) return [];
    const description = `a batch of ${rows} rows, model "${status.name}" takes ${batchMax} at most`;
    return [{ field: `inputs[${at}].shape`, description }];
  });
  const [first] = fields;
  if (first === undefined) return;
  throw fault("TENSOR_INVALID", `${first.field}: ${first.description}`, { fields });
}
