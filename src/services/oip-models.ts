/** What a predict backend knows of its models, in the terms of the Open Inference Protocol and of Triton. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  InferStatistics,
  ModelRef,
  ModelState,
  ModelStatus,
  Tally,
  TensorSpec,
} from "#backends/backend.ts";
import type {
  ModelMetadataResponseSchema,
  ModelStatisticsSchema,
  RepositoryIndexResponse_ModelIndexSchema,
} from "#gen/inference/grpc_service_pb.js";
import { DataType, type ModelConfigSchema } from "#gen/inference/model_config_pb.js";
import { versionsOf } from "./model-choice.ts";
import { takesBatches } from "./wire-tensor.ts";

/** Triton's words for a kind of backend; other kinds are called what they are. */
const words: Readonly<Record<string, { readonly platform: string; readonly backend: string }>> = {
  onnx: { platform: "onnxruntime_onnx", backend: "onnxruntime" },
  tensorflow: { platform: "tensorflow_savedmodel", backend: "tensorflow" },
};

function wordsOf(kind: string) {
  return words[kind] ?? { platform: kind, backend: kind };
}

function served(status: ModelStatus): readonly string[] {
  return versionsOf(status).flatMap(({ version, state }) =>
    state === "available" ? [version] : [],
  );
}

/** The version that a choice means; empty where it means none, or an unknown label. */
export function numberOf(
  { labels = {} }: ModelStatus,
  { version, label = "" }: Omit<ModelRef, "model">,
): string {
  return label === "" ? version : (labels[label] ?? "");
}

/** Whether a model, or the version that is meant, takes inferences. */
export function isServed(status: ModelStatus, choice: Omit<ModelRef, "model">): boolean {
  const versions = served(status);
  const number = numberOf(status, choice);
  return number === "" ? versions.length > 0 : versions.includes(number);
}

/** What a model takes and gives; with the version that is meant, or all that serve. */
export function metadataOf(
  status: ModelStatus,
  { kind, choice }: { readonly kind: string; readonly choice: Omit<ModelRef, "model"> },
): MessageInitShape<typeof ModelMetadataResponseSchema> {
  const wire = ({ name, datatype, shape }: TensorSpec) => ({
    name,
    datatype,
    shape: shape.map(BigInt),
  });
  const number = numberOf(status, choice);
  return {
    name: status.name,
    versions: number === "" ? [...served(status)] : [number],
    platform: wordsOf(kind).platform,
    inputs: status.inputs.map(wire),
    outputs: status.outputs.map(wire),
  };
}

const dataTypes: Readonly<Record<string, DataType>> = {
  BOOL: DataType.TYPE_BOOL,
  UINT8: DataType.TYPE_UINT8,
  UINT16: DataType.TYPE_UINT16,
  UINT32: DataType.TYPE_UINT32,
  UINT64: DataType.TYPE_UINT64,
  INT8: DataType.TYPE_INT8,
  INT16: DataType.TYPE_INT16,
  INT32: DataType.TYPE_INT32,
  INT64: DataType.TYPE_INT64,
  FP16: DataType.TYPE_FP16,
  BF16: DataType.TYPE_BF16,
  FP32: DataType.TYPE_FP32,
  FP64: DataType.TYPE_FP64,
  BYTES: DataType.TYPE_STRING,
};

/** Whole numbers, as Triton's versions are. */
const wholeNumber = /^\d{1,18}$/;

/** The configuration of a model, as far as it is known. */
export function configOf(
  status: ModelStatus,
  kind: string,
): MessageInitShape<typeof ModelConfigSchema> {
  const { name, spec, inputs, outputs, metadata = {} } = status;
  const isBatched = takesBatches(status);
  const tensor = ({ name, datatype, shape }: TensorSpec) => ({
    name,
    dataType: dataTypes[datatype] ?? DataType.TYPE_INVALID,
    dims: (isBatched ? shape.slice(1) : shape).map(BigInt),
  });
  const { meaning, labels } = spec;
  const labelled = meaning.kind === "classification" && labels.length > 0 ? meaning.output : "";
  const versions = served(status).filter((version) => wholeNumber.test(version));
  return {
    name,
    ...wordsOf(kind),
    versionPolicy: {
      policyChoice: { case: "specific", value: { versions: versions.map(BigInt) } },
    },
    maxBatchSize: isBatched ? spec.batchMax : 0,
    input: inputs.map(tensor),
    output: outputs.map((one) => ({
      ...tensor(one),
      labelFilename: one.name === labelled ? "labels" : "",
    })),
    ...(isBatched ? { schedulingChoice: { case: "dynamicBatching" as const, value: {} } } : {}),
    parameters: Object.fromEntries(
      Object.entries(metadata).map(([key, stringValue]) => [key, { stringValue }]),
    ),
  };
}

const states: Readonly<Record<ModelState, string>> = {
  available: "READY",
  loading: "LOADING",
  unloaded: "UNAVAILABLE",
  failed: "UNAVAILABLE",
};

type ModelIndex = MessageInitShape<typeof RepositoryIndexResponse_ModelIndexSchema>;

/** A line for each version of a model; one without a version for a model that has none. */
export function indexOf(status: ModelStatus): ModelIndex[] {
  const { name, state, error } = status;
  const reasonOf = (at: ModelState, why = "") => (at === "unloaded" ? "unloaded" : why);
  const versions = versionsOf(status);
  if (versions.length === 0) {
    return [{ name, version: "", state: states[state], reason: reasonOf(state, error) }];
  }
  return versions.map((one) => ({
    name,
    version: one.version,
    state: states[one.state],
    reason: reasonOf(one.state, one.error),
  }));
}

function duration({ count, totalMs }: Tally) {
  return { count: BigInt(count), ns: BigInt(Math.round(totalMs * 1e6)) };
}

/** What a version of a model has done. */
export function statisticsOf(one: InferStatistics): MessageInitShape<typeof ModelStatisticsSchema> {
  return {
    name: one.model,
    version: one.version,
    lastInference: BigInt(Math.round(one.lastMs)),
    inferenceCount: BigInt(one.inferences),
    executionCount: BigInt(one.executions),
    inferenceStats: {
      success: duration(one.success),
      fail: duration(one.fail),
      queue: duration(one.queue),
      computeInput: duration(one.preprocess),
      computeInfer: duration(one.compute),
      computeOutput: duration(one.postprocess),
      cacheHit: duration(one.cacheHit),
      cacheMiss: duration(one.cacheMiss),
    },
    batchStats: one.batches.map(({ rows, compute }) => ({
      batchSize: BigInt(rows),
      computeInfer: duration(compute),
    })),
  };
}
