/** The ways in which tensors travel in the Open Inference Protocol, each as a client of its own would write it. */

import { createClient } from "@connectrpc/connect";
import { bytesFromElements, elementsIn } from "#core/byte-elements.ts";
import { type Datatype, isDatatype, type NamedTensor, type Tensor } from "#core/tensor.ts";
import { GRPCInferenceService, type InferTensorContents } from "#gen/inference/grpc_service_pb.js";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { bytesFromNumbers, elementsOf, isFiniteTensor } from "#inference/tensor-view.ts";
import { grpcTo } from "./transports.ts";

/** One inference. Rejects with the gateway's words. */
export type Infer = (model: string, inputs: readonly NamedTensor[]) => Promise<NamedTensor[]>;

/** A way for tensors to travel. */
export interface OipWire {
  /** Opens it to a gateway. */
  open(url: string): Infer;
  /** Why it cannot carry a tensor; undefined when it can. */
  unfit(tensor: Tensor): string | undefined;
}

type Contents = Partial<Omit<InferTensorContents, "$typeName" | "$unknown">>;

const head = ({ name, datatype, shape }: NamedTensor) => ({
  name,
  datatype,
  shape: shape.map(BigInt),
});

/** Throws for a datatype that no one knows. */
function known(name: string): Datatype {
  if (isDatatype(name)) return name;
  throw new Error(`"${name}" is no datatype`);
}

/** Whole numbers of any width as their bytes. */
function wholeBytes(datatype: Datatype, values: readonly (number | bigint)[]): Uint8Array {
  if (datatype === "INT64") return bytesIn(BigInt64Array.from(values, BigInt));
  if (datatype === "UINT64") return bytesIn(BigUint64Array.from(values, BigInt));
  if (datatype === "BYTES") throw new Error("texts are no numbers");
  return bytesFromNumbers(datatype, Array.from(values, Number));
}

function bytesIn({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The elements in the field of their datatype; undefined for halves, which have none. */
function contentsOf(tensor: Tensor): Contents | undefined {
  const { datatype } = tensor;
  if (datatype === "BYTES") return { bytesContents: elementsIn(tensor.bytes) ?? [] };
  const elements = Array.from<number | bigint, number | bigint>(elementsOf(tensor), (one) => one);
  const numbers = elements.map(Number);
  switch (datatype) {
    case "BOOL":
      return { boolContents: numbers.map(Boolean) };
    case "INT64":
      return { int64Contents: elements.map(BigInt) };
    case "UINT64":
      return { uint64Contents: elements.map(BigInt) };
    case "FP32":
      return { fp32Contents: numbers };
    case "FP64":
      return { fp64Contents: numbers };
    case "FP16":
    case "BF16":
      return undefined;
    default:
      return datatype.startsWith("U") ? { uintContents: numbers } : { intContents: numbers };
  }
}

/** The bytes of elements that came in fields: only one of those has any. */
function contentBytes(datatype: Datatype, contents: Contents = {}): Uint8Array {
  if (datatype === "BYTES") return bytesFromElements(contents.bytesContents ?? []);
  const { boolContents = [], intContents = [], uintContents = [] } = contents;
  const { int64Contents = [], uint64Contents = [] } = contents;
  const { fp32Contents = [], fp64Contents = [] } = contents;
  return wholeBytes(datatype, [
    ...boolContents.map(Number),
    ...[...intContents, ...uintContents, ...int64Contents, ...uint64Contents],
    ...[...fp32Contents, ...fp64Contents],
  ]);
}

/** Over gRPC, as raw bytes or, where every input has one, in the fields of the datatypes. */
function overGrpc(url: string, isRaw: boolean): Infer {
  const client = createClient(GRPCInferenceService, grpcTo(url));
  return async (modelName, inputs) => {
    const fields = isRaw ? [undefined] : inputs.map(contentsOf);
    const sent = fields.includes(undefined)
      ? { inputs: inputs.map(head), rawInputContents: inputs.map(({ bytes }) => bytes) }
      : { inputs: inputs.map((one, at) => ({ ...head(one), contents: fields[at] as Contents })) };
    const { outputs, rawOutputContents } = await client.modelInfer({ modelName, ...sent });
    return outputs.map(({ name, datatype: written, shape, contents }, at) => {
      const datatype = known(written);
      const bytes = rawOutputContents[at] ?? contentBytes(datatype, contents);
      return { name, datatype, shape: shape.map(Number), bytes };
    });
  };
}

/** Elements as JSON has them, integers to the last digit. */
function jsonOf(tensor: Tensor): string {
  const { datatype } = tensor;
  if (datatype === "BYTES") {
    const texts = elementsIn(tensor.bytes) ?? [];
    return JSON.stringify(texts.map((one) => new TextDecoder().decode(one)));
  }
  const written = (value: number | bigint) => {
    if (datatype === "BOOL") return value === 0 ? "false" : "true";
    return Object.is(value, -0) ? "-0" : String(value);
  };
  return `[${Array.from<number | bigint, string>(elementsOf(tensor), written).join(",")}]`;
}

/** Numbers of JSON keep the digits that a number would lose. */
function exactNumber(_: string, value: unknown, { source }: { source?: string } = {}): unknown {
  const isLarge = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isLarge && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

interface JsonTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly (number | bigint | boolean | string)[];
  readonly parameters?: { readonly binary_data_size?: number };
}

function bytesOfJson(datatype: Datatype, data: JsonTensor["data"] = []): Uint8Array {
  if (datatype === "BYTES") return bytesFromTexts(data.map(String));
  return wholeBytes(
    datatype,
    data.map((one) => (typeof one === "bigint" ? one : Number(one))),
  );
}

const headLength = "inference-header-content-length";

/** Over HTTP, in JSON, or as bytes behind it. */
function overHttp(url: string, isBinary: boolean): Infer {
  const written = (tensor: NamedTensor) => {
    const { name, datatype, shape } = tensor;
    const about = JSON.stringify({ name, datatype, shape }).slice(0, -1);
    return isBinary
      ? `${about},"parameters":{"binary_data_size":${tensor.bytes.length}}}`
      : `${about},"data":${jsonOf(tensor)}}`;
  };
  return async (model, inputs) => {
    const parameters = isBinary ? `"parameters":{"binary_data_output":true},` : "";
    const json = Buffer.from(`{${parameters}"inputs":[${inputs.map(written).join(",")}]}`);
    const blobs = isBinary ? inputs.map(({ bytes }) => bytes) : [];
    const answer = await fetch(`${url}/v2/models/${model}/infer`, {
      method: "POST",
      body: Buffer.concat([json, ...blobs]),
      headers: isBinary ? { [headLength]: String(json.length) } : {},
    });
    const body = new Uint8Array(await answer.arrayBuffer());
    const length = Number(answer.headers.get(headLength) ?? body.length);
    const text = new TextDecoder().decode(body.subarray(0, length));
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    let at = length;
    const { outputs } = JSON.parse(text, exactNumber) as { outputs: readonly JsonTensor[] };
    return outputs.map(({ name, datatype: word, shape, data, parameters }) => {
      const datatype = known(word);
      const size = parameters?.binary_data_size;
      if (size === undefined) return { name, datatype, shape, bytes: bytesOfJson(datatype, data) };
      const bytes = body.subarray(at, at + size);
      at += size;
      return { name, datatype, shape, bytes };
    });
  };
}

const carriesAll = () => undefined;

/** All ways, by name. */
export const oipWires: Readonly<Record<string, OipWire>> = {
  raw: { open: (url) => overGrpc(url, true), unfit: carriesAll },
  contents: { open: (url) => overGrpc(url, false), unfit: carriesAll },
  binary: { open: (url) => overHttp(url, true), unfit: carriesAll },
  json: {
    open: (url) => overHttp(url, false),
    unfit: (tensor) => (isFiniteTensor(tensor) ? undefined : "JSON has no NaN and no infinity"),
  },
};
