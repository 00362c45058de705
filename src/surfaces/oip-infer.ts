/** An inference in JSON, with tensors as numbers or as bytes that follow it ↔ the protocol's messages. */

import { create } from "@bufbuild/protobuf";
import { type Datatype, elementCount, isDatatype } from "#core/tensor.ts";
import { inTurns, turns } from "#core/turns.ts";
import { fault } from "#errors/fault.ts";
import {
  type InferParameter,
  InferParameterSchema,
  type ModelInferRequest,
  ModelInferRequest_InferInputTensorSchema,
  ModelInferRequest_InferRequestedOutputTensorSchema,
  ModelInferRequestSchema,
  type ModelInferResponse,
} from "#gen/inference/grpc_service_pb.js";
import type { Elements } from "#json/elements.ts";
import { elementsPlan } from "#json/elements-frame.ts";
import type { JsonLimits } from "#json/limits.ts";
import { integerPlan, listPlan, recordPlan, textPlan } from "#json/record.ts";
import { plainStruct } from "#json/well-known.ts";
import { bytesOfElements, flatJson, requireNesting } from "./json-tensor.ts";
import { jsonOf } from "./model-body.ts";
import { plainParameters } from "./oip-parameters.ts";
import { type BinaryWishes, type InferTarget, type ReadInfer, rawInfer } from "./oip-raw.ts";
import type { ServedModel } from "./served-model.ts";

type Parameters = Readonly<Record<string, unknown>>;

interface InputJson {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: readonly number[];
  readonly parameters?: Parameters;
  readonly data?: Elements;
}

interface OutputJson {
  readonly name?: string;
  readonly parameters?: Parameters;
}

interface InferJson {
  readonly model_name?: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly inputs?: readonly InputJson[];
  readonly outputs?: readonly OutputJson[];
}

/** As the rules of the messages have it. */
const tensorsMax = { max: 64, expected: "must contain no more than 64 item(s)" };
const dimensionsMax = { max: 16, expected: "must contain no more than 16 item(s)" };

const inferPlan = recordPlan({
  // KServe's clients say them besides the path.
  model_name: textPlan,
  model_version: textPlan,
  id: textPlan,
  parameters: plainStruct,
  inputs: listPlan(
    recordPlan({
      name: textPlan,
      datatype: textPlan,
      shape: listPlan(integerPlan, dimensionsMax),
      parameters: plainStruct,
      data: elementsPlan,
    }),
    tensorsMax,
  ),
  outputs: listPlan(recordPlan({ name: textPlan, parameters: plainStruct }), tensorsMax),
});

function tensorInvalid(field: string, description: string) {
  return fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

function invalid(field: string, description: string) {
  return fault("REQUEST_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** A truth value among parameters; undefined where there is none. */
function flagIn(parameters: Parameters, name: string, at: string): boolean | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw invalid(`${at}parameters.${name}`, "expected true or false");
}

const binarySize = "binary_data_size";
const binaryData = "binary_data";
const binaryOutput = "binary_data_output";

/** Parameters that say something of the JSON itself are no one else's. */
function parametersOf(parameters: Parameters, at: string): Record<string, InferParameter> {
  const { [binarySize]: _, [binaryData]: __, [binaryOutput]: ___, ...others } = parameters;
  return plainParameters(others, at, (value) => create(InferParameterSchema, value));
}

/** Takes the bytes after the JSON, one input after the other. */
class Binary {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `size` bytes. Throws TENSOR_INVALID, naming the input, for a size that is none or more than is left. */
  take(size: unknown, at: string): Uint8Array {
    const field = `${at}.parameters.${binarySize}`;
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      throw tensorInvalid(field, "expected a number of bytes");
    }
    const left = this.#bytes.length - this.#at;
    if (size > left) {
      throw tensorInvalid(field, `${size} bytes are more than the ${left} that are left`);
    }
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  /** Throws TENSOR_INVALID for bytes that no input has taken. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left === 0) return;
    const text = `the last ${left} bytes of the body belong to no input`;
    throw fault("TENSOR_INVALID", `${text}: inputs name theirs by ${binarySize}`);
  }
}

/** The bytes of an input, whichever way it has them. */
async function bytesOf(
  { data, parameters = {} }: InputJson,
  { datatype, shape }: { readonly datatype: Datatype; readonly shape: readonly number[] },
  binary: Binary,
  at: string,
): Promise<Uint8Array> {
  const size = parameters[binarySize];
  if (size !== undefined) {
    if (data === undefined) return binary.take(size, at);
    throw tensorInvalid(`${at}.data`, `its elements are in the ${binarySize} bytes already`);
  }
  // Its elements are elsewhere: the service has the words for that.
  if (data === undefined && Object.hasOwn(parameters, "shared_memory_region")) {
    return new Uint8Array();
  }
  const expected = elementCount(shape);
  const count = data?.count ?? 0;
  if (count !== expected) {
    const sent = `shape [${shape.join(", ")}] holds ${expected} elements, ${count} were sent`;
    throw tensorInvalid(`${at}.data`, sent);
  }
  if (data === undefined) return new Uint8Array();
  requireNesting(data, shape, `${at}.data`);
  return await inTurns(bytesOfElements(data, datatype, `${at}.data`), turns);
}

/** The length of the JSON in front of bytes. Throws REQUEST_INVALID for what is none. */
function headerLength(field: string, bodyLength: number): number {
  const name = "inference-header-content-length";
  const length = /^\d{1,15}$/.test(field) ? Number(field) : undefined;
  if (length === undefined) throw invalid(name, "expected a number of bytes");
  if (length <= bodyLength) return length;
  throw invalid(name, `${length} bytes are more than the ${bodyLength} of the body`);
}

/** How a request is read. */
export interface InferReading extends InferTarget {
  /** The length of the JSON, where bytes follow it. */
  readonly header: string | undefined;
  readonly limits: JsonLimits;
  /** The model, for requests that are bytes alone. */
  readonly model: ServedModel | undefined;
}

/** Whether a request is bytes alone, by the length that it gives its JSON. */
export function isRaw(header: string | undefined): boolean {
  return header !== undefined && /^0+$/.test(header);
}

/** The version that is meant. Throws REQUEST_INVALID where the body names another model or version than the path. */
function versionIn(json: InferJson, { name, version }: InferTarget): string {
  const { model_name: model = "", model_version: number = "" } = json;
  if (model !== "" && model !== name) {
    throw invalid("model_name", `"${model}" is not the model of the path, "${name}"`);
  }
  if (version !== "" && number !== "" && number !== version) {
    throw invalid("model_version", `"${number}" is not the version of the path, "${version}"`);
  }
  return version === "" ? number : version;
}

/**
 * The request that a body is: JSON alone, or as long as `header` says and then bytes, or bytes alone.
 * Rejects with BODY_MALFORMED, BODY_TOO_LARGE, REQUEST_INVALID and TENSOR_INVALID.
 */
export async function readInfer(body: Uint8Array, reading: InferReading): Promise<ReadInfer> {
  const { header, limits, model } = reading;
  const jsonLength = header === undefined ? body.length : headerLength(header, body.length);
  if (model !== undefined) return rawInfer(body, model, reading);
  const binary = new Binary(body.subarray(jsonLength));
  const json = await jsonOf<InferJson>(inferPlan, body.subarray(0, jsonLength), limits);
  try {
    return await inferOf(json, binary, reading);
  } finally {
    for (const { data } of json.inputs ?? []) data?.free();
  }
}

async function inferOf(json: InferJson, binary: Binary, reading: InferReading): Promise<ReadInfer> {
  const { id = "", parameters = {}, inputs = [], outputs = [] } = json;
  const modelVersion = versionIn(json, reading);
  const read: ModelInferRequest["inputs"] = [];
  const raw: Uint8Array[] = [];
  for (const [index, input] of inputs.entries()) {
    const at = `inputs[${index}]`;
    const { name = "", datatype = "", shape } = input;
    if (name === "") throw tensorInvalid(`${at}.name`, "is missing");
    if (!isDatatype(datatype)) {
      throw tensorInvalid(`${at}.datatype`, `"${datatype}" is not a datatype`);
    }
    if (shape === undefined) throw tensorInvalid(`${at}.shape`, "is missing");
    const odd = shape.findIndex((size) => size < 0);
    if (odd >= 0) {
      throw tensorInvalid(`${at}.shape[${odd}]`, `${shape[odd]} is not the size of a dimension`);
    }
    raw.push(await bytesOf(input, { datatype, shape }, binary, at));
    read.push(
      create(ModelInferRequest_InferInputTensorSchema, {
        name,
        datatype,
        shape: shape.map(BigInt),
        parameters: parametersOf(input.parameters ?? {}, `${at}.`),
      }),
    );
  }
  binary.end();
  const byName = new Map<string, boolean>();
  const others = flagIn(parameters, binaryOutput, "") ?? false;
  const asked = outputs.map(({ name = "", parameters: own = {} }, index) => {
    const at = `outputs[${index}].`;
    byName.set(name, flagIn(own, binaryData, at) ?? others);
    return create(ModelInferRequest_InferRequestedOutputTensorSchema, {
      name,
      parameters: parametersOf(own, at),
    });
  });
  const request = create(ModelInferRequestSchema, {
    modelName: reading.name,
    modelVersion,
    id,
    parameters: parametersOf(parameters, ""),
    inputs: read,
    outputs: asked,
    rawInputContents: raw,
  });
  return { request, wishes: { byName, others } };
}

/** A response that is ready to be sent. */
export interface WrittenInfer {
  /** Its JSON, in pieces. */
  readonly pieces: Iterable<string>;
  /** What follows the JSON. */
  readonly binary: readonly Uint8Array[];
}

const otherwise = `which JSON cannot say: ask for it with ${binaryData}`;

/** Writes a response, whose outputs are raw. Throws BACKEND_FAILED for an output that JSON cannot say. */
export function writeInfer(response: ModelInferResponse, wishes: BinaryWishes): WrittenInfer {
  const binary: Uint8Array[] = [];
  const outputs = response.outputs.map((output, at) => {
    const { name, datatype } = output;
    const bytes = response.rawOutputContents[at] ?? new Uint8Array();
    const shape = output.shape.map(Number);
    const head = { name, datatype, shape };
    if (wishes.byName.get(name) ?? wishes.others) {
      binary.push(bytes);
      return { head: { ...head, parameters: { [binarySize]: bytes.length } }, data: undefined };
    }
    const tensor = { datatype: datatype as Datatype, shape, bytes };
    const field = `output "${name}"`;
    return { head, data: flatJson(tensor, { field, form: "text", otherwise }) };
  });
  return { pieces: piecesOf(response, outputs), binary };
}

interface WrittenOutput {
  readonly head: object;
  readonly data: Iterable<string> | undefined;
}

function* piecesOf(
  { modelName, modelVersion, id }: ModelInferResponse,
  outputs: readonly WrittenOutput[],
): Generator<string, void> {
  const named = { model_name: modelName, model_version: modelVersion };
  const text = JSON.stringify(id === "" ? named : { ...named, id });
  yield `${text.slice(0, -1)},"outputs":[`;
  for (const [at, { head, data }] of outputs.entries()) {
    const own = JSON.stringify(head);
    yield at === 0 ? "" : ",";
    if (data === undefined) {
      yield own;
      continue;
    }
    yield `${own.slice(0, -1)},"data":`;
    yield* data;
    yield "}";
  }
  yield "]}";
}
