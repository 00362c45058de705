/** Words that tests of inference share. */

import { ConnectError } from "@connectrpc/connect";
import type { NamedTensor } from "#core/tensor.ts";
import { reasonOf } from "#errors/fault.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { bytesFromNumbers, type NumericDatatype, numbersOf } from "#inference/tensor-view.ts";

/** A tensor of numbers. */
export function tensor(
  name: string,
  datatype: NumericDatatype,
  shape: readonly number[],
  numbers: readonly number[],
): NamedTensor {
  return { name, datatype, shape, bytes: bytesFromNumbers(datatype, numbers) };
}

/** Tensors as plain values: what a test compares. */
export function plain(tensors: readonly NamedTensor[]) {
  return tensors.map((one) => ({ name: one.name, shape: one.shape, numbers: numbersOf(one) }));
}

/** What a call was refused with; the value itself when it was not refused. */
export async function refusal(call: Promise<unknown>) {
  const error = await call.then(
    (value) => value,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConnectError)) return error;
  const violations = error
    .findDetails(BadRequestSchema)
    .flatMap((detail) => detail.fieldViolations);
  return {
    reason: reasonOf(error),
    message: error.rawMessage,
    fields: violations.map(({ field }) => field),
  };
}

/** Lets everything that is ready happen: promises, then one turn of the event loop. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
