/** A prediction as TensorFlow Serving's REST writes it, rows or columns ↔ the messages of an inference. */

import { create } from "@bufbuild/protobuf";
import { type Datatype, isDatatype } from "#core/tensor.ts";
import { inTurns, turns } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import {
  type ModelInferRequest,
  ModelInferRequest_InferInputTensorSchema,
  ModelInferRequestSchema,
  type ModelInferResponse,
} from "#gen/inference/grpc_service_pb.js";
import type { Elements } from "#json/elements.ts";
import { columnsPlan, type NamedElements, rowsPlan } from "#json/elements-frame.ts";
import type { JsonLimits } from "#json/limits.ts";
import { recordPlan, textPlan } from "#json/record.ts";
import { bytesOfElements, NestedJson } from "./json-tensor.ts";
import { jsonOf } from "./model-body.ts";
import type { ServedModel, ServedTensor } from "./served-model.ts";

interface PredictJson {
  readonly signature_name?: string;
  readonly instances?: NamedElements;
  readonly inputs?: NamedElements;
}

const predictPlan = recordPlan({
  signature_name: textPlan,
  instances: rowsPlan,
  inputs: columnsPlan,
});

/** The name of the one signature that a model has. */
export const defaultSignature = "serving_default";

function tensorInvalid(field: string, description: string) {
  return fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

function listed(tensors: readonly ServedTensor[]): string {
  return tensors.map(({ name }) => `"${name}"`).join(", ");
}

/** The type of what nobody has told the type of. */
function likelyType({ kind }: Elements): Datatype {
  return kind === "text" ? "BYTES" : kind === "boolean" ? "BOOL" : "FP32";
}

/** The input that a name means: the only one where there is no name. Throws TENSOR_INVALID. */
function inputNamed(
  { name: model, inputs }: ServedModel,
  name: string,
  field: string,
): ServedTensor | undefined {
  if (inputs.length === 0) return undefined;
  if (name === "") {
    const [only, ...others] = inputs;
    if (only !== undefined && others.length === 0) return only;
    throw tensorInvalid(field, `model "${model}" takes ${listed(inputs)}: name them`);
  }
  const input = inputs.find((one) => one.name === name);
  if (input !== undefined) return input;
  throw tensorInvalid(field, `no input "${name}"; there is ${listed(inputs)}`);
}

function checkSignature({ signature_name: name = "" }: PredictJson): void {
  if (name === "" || name === defaultSignature) return;
  throw fault("FAILED_PRECONDITION", `Serving signature key "${name}" not found.`);
}

/** A request as it was read. */
export interface ReadPredict {
  readonly request: ModelInferRequest;
  /** Rows that came one by one; undefined for columns. */
  readonly rows: number | undefined;
}

/** The request that a body is to a model. Rejects with BODY_MALFORMED, BODY_TOO_LARGE, REQUEST_INVALID and TENSOR_INVALID. */
export async function readPredict(
  body: Uint8Array,
  modelVersion: string,
  model: ServedModel,
  limits: JsonLimits,
): Promise<ReadPredict> {
  const json = await jsonOf<PredictJson>(predictPlan, body, limits);
  try {
    return await predictOf(json, modelVersion, model);
  } finally {
    for (const named of [json.instances, json.inputs]) {
      for (const elements of named?.columns.values() ?? []) elements.free();
    }
  }
}

async function predictOf(
  json: PredictJson,
  modelVersion: string,
  model: ServedModel,
): Promise<ReadPredict> {
  const { instances, inputs: columns } = json;
  const named = instances ?? columns;
  if (named === undefined || (instances !== undefined && columns !== undefined)) {
    throw fault("REQUEST_INVALID", "set either instances or inputs");
  }
  checkSignature(json);
  const place = instances === undefined ? "inputs" : "instances";
  if (named.rows === 0) throw tensorInvalid(place, "there is no row");
  const inputs: ModelInferRequest["inputs"] = [];
  const raw: Uint8Array[] = [];
  for (const [name, elements] of named.columns) {
    const spec = inputNamed(model, name, place);
    const datatype =
      spec !== undefined && isDatatype(spec.datatype) ? spec.datatype : likelyType(elements);
    const field = name === "" ? place : `${place}.${name}`;
    raw.push(await inTurns(bytesOfElements(elements, datatype, field), turns));
    inputs.push(
      create(ModelInferRequest_InferInputTensorSchema, {
        name: spec?.name ?? name,
        datatype,
        shape: elements.shape.map(BigInt),
      }),
    );
  }
  const request = create(ModelInferRequestSchema, {
    modelName: model.name,
    modelVersion,
    inputs,
    rawInputContents: raw,
  });
  return { request, rows: named.rows };
}

interface Output {
  readonly name: string;
  readonly json: NestedJson;
}

const otherwise = "which JSON cannot say: ask by gRPC";

/** The outputs of a response. Throws REQUEST_INVALID where one has other rows than were sent. */
function outputsOf(response: ModelInferResponse, rows: number | undefined): Output[] {
  return response.outputs.map(({ name, datatype, shape: sizes }, at) => {
    const shape = sizes.map(Number);
    if (rows !== undefined && shape[0] !== rows) {
      const text = `output "${name}" is of shape [${shape.join(", ")}] for ${rows} rows`;
      throw fault("REQUEST_INVALID", `${text}: send inputs, not instances`);
    }
    const bytes = response.rawOutputContents[at] ?? new Uint8Array();
    const form = name.endsWith("_bytes") ? "base64" : "text";
    const writing = { field: `output "${name}"`, form, otherwise } as const;
    const tensor = { datatype: datatype as Datatype, shape, bytes };
    return { name, json: new NestedJson(tensor, writing) };
  });
}

/** The members of an object of outputs; without names where there is one output alone. */
function* together(
  outputs: readonly Output[],
  piecesOf: (json: NestedJson) => Iterable<string>,
): Generator<string, void> {
  const [only] = outputs;
  if (only !== undefined && outputs.length === 1) {
    yield* piecesOf(only.json);
    return;
  }
  for (const [at, { name, json }] of outputs.entries()) {
    yield `${at === 0 ? "{" : ","}${JSON.stringify(name)}:`;
    yield* piecesOf(json);
  }
  yield outputs.length === 0 ? "{}" : "}";
}

function* rowPieces(outputs: readonly Output[], rows: number): Generator<string, void> {
  yield '{"predictions":[';
  for (let row = 0; row < rows; row += 1) {
    if (row > 0) yield ",";
    yield* together(outputs, (json) => json.row(row));
  }
  yield "]}";
}

function* columnPieces(outputs: readonly Output[]): Generator<string, void> {
  yield '{"outputs":';
  yield* together(outputs, (json) => json.whole());
  yield "}";
}

/** Writes a response, whose outputs are raw, as the request came. Throws as `outputsOf`, and BACKEND_FAILED for an output that JSON cannot say. */
export function writePredict(
  response: ModelInferResponse,
  rows: number | undefined,
): Iterable<string> {
  const outputs = outputsOf(response, rows);
  return rows === undefined ? columnPieces(outputs) : rowPieces(outputs, rows);
}
