/** Which model is meant, in TensorFlow Serving's words. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ModelRef } from "#backends/backend.ts";
import { fault } from "#errors/fault.ts";
import type { ModelSpecSchema } from "#gen/tensorflow_serving/apis/model_pb.js";

/** Versions are whole numbers of 63 bits. */
const versionMax = 2n ** 63n - 1n;

/** Throws MODEL_UNKNOWN for a version that is no number. */
export function specOf({
  model,
  version,
  label = "",
}: ModelRef): MessageInitShape<typeof ModelSpecSchema> {
  if (version !== "") {
    return { name: model, versionChoice: { case: "version", value: { value: numberOf(version) } } };
  }
  if (label !== "") return { name: model, versionChoice: { case: "versionLabel", value: label } };
  return { name: model };
}

function numberOf(version: string): bigint {
  const number = /^\d{1,19}$/.test(version) ? BigInt(version) : versionMax + 1n;
  if (number <= versionMax) return number;
  const description = `"${version}" is no version: those of TensorFlow Serving are integers`;
  throw fault("MODEL_UNKNOWN", `version: ${description}`, {
    fields: [{ field: "version", description }],
  });
}
