/** Tensors of the Open Inference Protocol ↔ the gateway's: raw bytes or the field of their datatype. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { bytesFromElements, elementsIn } from "#core/byte-elements.ts";
import { type Datatype, elementCount, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import type {
  InferTensorContents,
  InferTensorContentsSchema,
  ModelInferRequest,
  ModelInferRequest_InferInputTensor,
  ModelInferResponseSchema,
} from "#gen/inference/grpc_service_pb.js";
import { elementsOf, type NumericDatatype } from "#inference/tensor-view.ts";
import { datatypeOf, invalidTensor, requireBytes, requireCount, shapeOf } from "./wire-tensor.ts";

type Contents = Omit<InferTensorContents, "$typeName" | "$unknown">;
type ContentsField = keyof Contents;

/** Which field has the elements of a datatype; those that are not here travel as raw bytes. */
const fieldsByDatatype: Readonly<Partial<Record<Datatype, ContentsField>>> = {
  BOOL: "boolContents",
  INT8: "intContents",
  INT16: "intContents",
  INT32: "intContents",
  INT64: "int64Contents",
  UINT8: "uintContents",
  UINT16: "uintContents",
  UINT32: "uintContents",
  UINT64: "uint64Contents",
  FP32: "fp32Contents",
  FP64: "fp64Contents",
  BYTES: "bytesContents",
};

/** As the protocol writes them. */
const fieldNames: Readonly<Record<ContentsField, string>> = {
  boolContents: "bool_contents",
  intContents: "int_contents",
  int64Contents: "int64_contents",
  uintContents: "uint_contents",
  uint64Contents: "uint64_contents",
  fp32Contents: "fp32_contents",
  fp64Contents: "fp64_contents",
  bytesContents: "bytes_contents",
};
const contentsFields = Object.keys(fieldNames) as readonly ContentsField[];

const views = {
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
} as const;

function bytesOf({ buffer }: { readonly buffer: ArrayBuffer }): Uint8Array {
  return new Uint8Array(buffer);
}

/** Truth values, a byte each. */
function flags(values: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(values.length);
  // A function for each element takes five times as long.
  for (let at = 0; at < values.length; at += 1) if (values[at] === true) bytes[at] = 1;
  return bytes;
}

/** Integers of 32 bits, as narrower ones where the datatype is one. */
function narrowed(
  datatype: keyof typeof views,
  values: readonly number[],
  field: string,
): Uint8Array {
  const elements = new views[datatype](values);
  for (let at = 0; at < values.length; at += 1) {
    if (elements[at] === values[at]) continue;
    throw invalidTensor(`${field}[${at}]`, `${values[at]} does not fit ${datatype}`);
  }
  return bytesOf(elements);
}

/** The elements of a datatype that has a field, as little-endian bytes. */
function packed(datatype: Datatype, contents: InferTensorContents, field: string): Uint8Array {
  switch (datatype) {
    case "BOOL":
      return flags(contents.boolContents);
    case "INT64":
      return bytesOf(new BigInt64Array(contents.int64Contents));
    case "UINT64":
      return bytesOf(new BigUint64Array(contents.uint64Contents));
    case "FP32":
      return bytesOf(new Float32Array(contents.fp32Contents));
    case "FP64":
      return bytesOf(new Float64Array(contents.fp64Contents));
    case "BYTES":
      return bytesFromElements(contents.bytesContents);
    case "UINT8":
    case "UINT16":
    case "UINT32":
      return narrowed(datatype, contents.uintContents, `${field}.contents.uint_contents`);
    case "INT8":
    case "INT16":
    case "INT32":
      return narrowed(datatype, contents.intContents, `${field}.contents.int_contents`);
    default:
      throw invalidTensor(`${field}.contents`, `${datatype} travels in raw_input_contents alone`);
  }
}

/** The elements of an input that has them in a field. Throws TENSOR_INVALID. */
function fromContents(
  { contents }: ModelInferRequest_InferInputTensor,
  { datatype, shape }: { readonly datatype: Datatype; readonly shape: readonly number[] },
  field: string,
): Uint8Array {
  const own = fieldsByDatatype[datatype];
  const given = contents && contentsFields.filter((name) => contents[name].length > 0);
  const other = given?.find((name) => name !== own);
  if (other !== undefined) {
    const place = own === undefined ? "raw_input_contents" : fieldNames[own];
    const description = `${datatype} travels in ${place}, not in ${fieldNames[other]}`;
    throw invalidTensor(`${field}.contents`, description);
  }
  if (own === undefined && elementCount(shape) > 0) {
    throw invalidTensor(field, `${datatype} travels in raw_input_contents, and none was sent`);
  }
  requireCount(own === undefined ? 0 : (contents?.[own].length ?? 0), shape, field);
  return contents === undefined || own === undefined
    ? new Uint8Array()
    : packed(datatype, contents, field);
}

/** Whether the inputs of a request came as raw bytes; of no inputs that is what most clients read. */
export function isRaw({ inputs, rawInputContents }: ModelInferRequest): boolean {
  return rawInputContents.length > 0 || inputs.length === 0;
}

/** Parameters by which tensors lie in memory that client and server share. */
const sharedMemory = ["shared_memory_region", "shared_memory_offset", "shared_memory_byte_size"];

/** Throws PARAMETER_UNSUPPORTED for a tensor in memory that is not of this message. */
export function refuseSharedMemory(
  parameters: Readonly<Record<string, unknown>>,
  at: string,
): void {
  const name = sharedMemory.find((one) => Object.hasOwn(parameters, one));
  if (name === undefined) return;
  const field = `${at}.parameters.${name}`;
  const description = "memory is not shared with clients here: send the elements";
  throw fault("PARAMETER_UNSUPPORTED", `${field}: ${description}`, {
    fields: [{ field, description }],
  });
}

/** The inputs of a request. Throws TENSOR_INVALID that names the input and both sides of what does not fit. */
export function inputsFrom(request: ModelInferRequest): NamedTensor[] {
  const { inputs, rawInputContents } = request;
  if (isRaw(request) && rawInputContents.length !== inputs.length) {
    const counts = `${rawInputContents.length} for ${inputs.length} inputs`;
    throw invalidTensor("raw_input_contents", `there are ${counts}: each has one, or none has`);
  }
  return inputs.map((input, at) => {
    const field = `inputs[${at}]`;
    refuseSharedMemory(input.parameters, field);
    const { name } = input;
    const datatype = datatypeOf(input.datatype, field);
    const shape = shapeOf(input.shape, field);
    const raw = rawInputContents[at];
    if (raw === undefined) {
      return { name, datatype, shape, bytes: fromContents(input, { datatype, shape }, field) };
    }
    if (input.contents !== undefined) {
      throw invalidTensor(`${field}.contents`, "the elements are in raw_input_contents already");
    }
    const tensor = { name, datatype, shape, bytes: raw };
    requireBytes(tensor, field);
    return tensor;
  });
}

type ContentsInit = MessageInitShape<typeof InferTensorContentsSchema>;

/** The elements of an output in the field of its datatype; undefined where it has none. */
function toContents(tensor: NamedTensor): ContentsInit | undefined {
  const { datatype } = tensor;
  const field = fieldsByDatatype[datatype];
  if (field === undefined) return undefined;
  if (datatype === "BYTES") {
    const bytesContents = elementsIn(tensor.bytes);
    return bytesContents && { bytesContents };
  }
  const elements = elementsOf({ ...tensor, datatype: datatype as NumericDatatype });
  if (field === "boolContents") return { boolContents: Array.from(elements, Boolean) };
  return { [field]: Array.from<number | bigint>(elements) } as ContentsInit;
}

/** Most elements of a response in fields: more would take long to write, one by one. A text counts as many. */
const typedElementsMax = 262_144;
const elementsPerText = 16;

type Outputs = Pick<
  MessageInitShape<typeof ModelInferResponseSchema>,
  "outputs" | "rawOutputContents"
>;

/** The outputs of a response: raw where they are asked for so, are many, or have no field. */
export function outputsTo(tensors: readonly NamedTensor[], raw: boolean): Outputs {
  const heads = tensors.map(({ name, datatype, shape }) => ({
    name,
    datatype,
    shape: shape.map(BigInt),
  }));
  const total = tensors.reduce((sum, { datatype, shape }) => {
    const count = elementCount(shape);
    return sum + (datatype === "BYTES" ? elementsPerText * count : count);
  }, 0);
  if (!raw && total <= typedElementsMax) {
    const contents = tensors.map(toContents);
    if (!contents.includes(undefined)) {
      return { outputs: heads.map((head, at) => ({ ...head, contents: contents[at] })) };
    }
  }
  return { outputs: heads, rawOutputContents: tensors.map(({ bytes }) => bytes) };
}
