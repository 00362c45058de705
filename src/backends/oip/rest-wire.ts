/** Requests and responses of the Open Inference Protocol over HTTP: JSON, with tensors as bytes after it where the server takes them. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import { bytesFromElements } from "#core/byte-elements.ts";
import { jsonNumber } from "#core/shortest-float.ts";
import { datatypeBytes, elementCount, isDatatype, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { byteElementsOf } from "#inference/tensor-bytes.ts";
import { bytesFromNumbers, elementsOf, isFiniteTensor } from "#inference/tensor-view.ts";

/** A request's body, and how much of it is JSON where tensors follow. */
export interface RestBody {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Says how many bytes of a body are JSON. */
export const headLengthHeader = "inference-header-content-length";

/** Asks for an inference with the inputs as bytes, and wants the outputs so. */
export function binaryRequest(inputs: readonly NamedTensor[]): RestBody {
  const head = JSON.stringify({
    inputs: inputs.map(({ name, datatype, shape, bytes }) => ({
      name,
      datatype,
      shape,
      parameters: { binary_data_size: bytes.length },
    })),
    parameters: { binary_data_output: true },
  });
  const json = Buffer.from(head);
  return {
    body: Buffer.concat([json, ...inputs.map(({ bytes }) => bytes)]),
    headers: {
      "content-type": "application/octet-stream",
      [headLengthHeader]: String(json.length),
    },
  };
}

/** Asks for an inference with everything in JSON. Throws TENSOR_INVALID for what JSON cannot say. */
export function jsonRequest(inputs: readonly NamedTensor[]): RestBody {
  const tensors = inputs.map((tensor) => {
    const { name, datatype, shape } = tensor;
    const head = JSON.stringify({ name, datatype, shape });
    return `${head.slice(0, -1)},"data":[${dataText(tensor)}]}`;
  });
  return {
    body: Buffer.from(`{"inputs":[${tensors.join(",")}]}`),
    headers: { "content-type": "application/json" },
  };
}

/** The elements as JSON, without brackets. */
function dataText(tensor: NamedTensor): string {
  const { name, datatype } = tensor;
  if (datatype === "BYTES") return byteElementsOf(tensor).map(textOf(name)).join(",");
  if (datatype === "BOOL") return Array.from(elementsOf(tensor), Boolean).join(",");
  if (!isFiniteTensor(tensor)) throw unsayable(name, "NaN and infinity");
  return Array.from<number | bigint, string>(elementsOf(tensor), jsonNumber).join(",");
}

function textOf(name: string): (element: Uint8Array) => string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (element) => {
    try {
      return JSON.stringify(decoder.decode(element));
    } catch {
      throw unsayable(name, "bytes that are no UTF-8");
    }
  };
}

function unsayable(name: string, what: string) {
  const description = `"${name}" has ${what}, which the model's server cannot be sent: it reads JSON alone`;
  return fault("TENSOR_INVALID", description, { fields: [{ field: "inputs", description }] });
}

/** What a model has made, and the version that ran. */
export interface RestOutcome {
  readonly outputs: readonly NamedTensor[];
  readonly version: string;
}

/** An output as JSON has it. */
interface RestOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
  readonly data?: unknown;
}

/** Reads a response; `headLength` is what the header says, undefined without one. Throws for what is none. */
export function readOutcome(body: Uint8Array, headLength: number | undefined): RestOutcome {
  const head = body.subarray(0, headLength);
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString();
  const { outputs, model_version: version = "" } = parsed(text);
  let at = head.length;
  return {
    version: String(version),
    outputs: outputs.map((output) => {
      const size = output.parameters?.binary_data_size;
      if (size === undefined) return tensorOf(output, undefined);
      const start = at;
      at += size;
      if (at > body.length) throw new RangeError("the outputs are longer than the body");
      return tensorOf(output, body.subarray(start, at));
    }),
  };
}

/** JSON with whole numbers beyond 2^53 as bigints, where there are any. */
function parsed(text: string): { outputs: readonly RestOutput[]; model_version?: unknown } {
  const hasLong = /"U?INT64"/.test(text) && /\d{16}/.test(text);
  const response = hasLong ? JSON.parse(text, exact as never) : JSON.parse(text);
  if (!Array.isArray(response?.outputs)) throw new TypeError("a response has no outputs");
  return response;
}

function exact(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  const isLong = typeof value === "number" && Number.isInteger(value);
  return isLong && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "")
    ? BigInt(source ?? 0)
    : value;
}

function tensorOf(output: RestOutput, raw: Uint8Array | undefined): NamedTensor {
  const { name, datatype, data } = output;
  if (!isDatatype(datatype)) {
    const text = `output "${name}" is ${datatype}, which has no datatype here`;
    throw fault("OPERATION_UNSUPPORTED", text);
  }
  const shape = output.shape.map(Number);
  const count = elementCount(shape);
  if (raw === undefined) {
    const elements: unknown[] = Array.isArray(data) ? data.flat(shape.length) : [];
    if (elements.length !== count) throw new RangeError(`output "${name}" has another size`);
    return { name, datatype, shape, bytes: bytesOf(elements, datatype) };
  }
  if (datatype !== "BYTES" && raw.length !== count * datatypeBytes[datatype]) {
    throw new RangeError(`output "${name}" has another size`);
  }
  return { name, datatype, shape, bytes: raw };
}

function bytesOf(elements: readonly unknown[], datatype: NamedTensor["datatype"]): Uint8Array {
  if (datatype === "BYTES") {
    return bytesFromElements(elements.map((element) => Buffer.from(String(element))));
  }
  if (datatype === "INT64" || datatype === "UINT64") {
    const numbers = elements.map((element) => BigInt(element as number | bigint));
    const List = datatype === "INT64" ? BigInt64Array : BigUint64Array;
    return new Uint8Array(List.from(numbers).buffer);
  }
  return bytesFromNumbers(datatype, elements.map(Number));
}

/** What a model takes and gives. */
export interface RestMetadata {
  readonly versions: readonly string[];
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Reads a model's metadata. Throws for what is none. */
export function readMetadata(body: Uint8Array): RestMetadata {
  const { versions = [], inputs, outputs } = JSON.parse(Buffer.from(body).toString());
  return {
    versions: (versions as unknown[]).map(String),
    inputs: inputs.map(specOf),
    outputs: outputs.map(specOf),
  };
}

/** Reads the names of an index, each once. Throws for what is none. */
export function readNames(body: Uint8Array): readonly string[] {
  const listed: readonly { readonly name: unknown }[] = JSON.parse(Buffer.from(body).toString());
  return [...new Set(listed.map(({ name }) => String(name)))];
}

/** Whether a server says of itself that tensors may travel as bytes. */
export function readTakesBytes(body: Uint8Array): boolean {
  const { extensions } = JSON.parse(Buffer.from(body).toString());
  return Array.isArray(extensions) && extensions.includes("binary_tensor_data");
}

function specOf({ name, datatype, shape }: RestOutput): TensorSpec {
  return { name: String(name), datatype: String(datatype), shape: shape.map(Number) };
}
