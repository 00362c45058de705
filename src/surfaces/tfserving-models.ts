/** Models as TensorFlow Serving's REST tells of them. Pure. */

import type { ServedModel, ServedTensor } from "./served-model.ts";
import { defaultSignature } from "./tfserving-predict.ts";

const types: Readonly<Record<string, string>> = {
  BOOL: "DT_BOOL",
  UINT8: "DT_UINT8",
  UINT16: "DT_UINT16",
  UINT32: "DT_UINT32",
  UINT64: "DT_UINT64",
  INT8: "DT_INT8",
  INT16: "DT_INT16",
  INT32: "DT_INT32",
  INT64: "DT_INT64",
  FP16: "DT_HALF",
  BF16: "DT_BFLOAT16",
  FP32: "DT_FLOAT",
  FP64: "DT_DOUBLE",
  BYTES: "DT_STRING",
};

function tensorInfo({ name, datatype, shape }: ServedTensor) {
  return {
    dtype: types[datatype] ?? "DT_INVALID",
    tensor_shape: {
      dim: shape.map((size) => ({ size: String(size), name: "" })),
      unknown_rank: false,
    },
    name,
  };
}

function byName(tensors: readonly ServedTensor[]) {
  return Object.fromEntries(tensors.map((tensor) => [tensor.name, tensorInfo(tensor)]));
}

/** The signature of a model. */
export function metadataJson(
  { name, inputs, outputs }: Pick<ServedModel, "name" | "inputs" | "outputs">,
  version: string,
): object {
  const signature = {
    inputs: byName(inputs),
    outputs: byName(outputs),
    method_name: "tensorflow/serving/predict",
  };
  return {
    model_spec: { name, signature_name: "", version },
    metadata: { signature_def: { signature_def: { [defaultSignature]: signature } } },
  };
}

const states: Readonly<Record<string, string>> = {
  available: "AVAILABLE",
  loading: "LOADING",
  unloaded: "END",
  failed: "END",
};

/** How the versions of a model are, as far as they are known. */
export function statusJson(model: Pick<ServedModel, "version" | "state" | "error" | "versions">) {
  const { version, state, error, versions } = model;
  const one = { version, state, ...(error === undefined ? {} : { error }) };
  const all = versions ?? (version === "" ? [] : [one]);
  return {
    model_version_status: all.map(({ version, state, error = "" }) => ({
      version,
      state: states[state] ?? "UNKNOWN",
      status: {
        error_code: state === "failed" ? "UNKNOWN" : "OK",
        error_message: state === "failed" ? error : "",
      },
    })),
  };
}
