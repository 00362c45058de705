/** Tensors of the Open Inference Protocol's gRPC form, and what a model takes and gives. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import { bytesFromElements } from "#core/byte-elements.ts";
import { datatypeBytes, elementCount, isDatatype, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import type {
  InferTensorContents,
  ModelInferResponse,
  ModelInferResponse_InferOutputTensor as OutputTensor,
  ModelMetadataResponse_TensorMetadata as TensorMetadata,
} from "#gen/inference/grpc_service_pb.js";
import { bytesFromNumbers } from "#inference/tensor-view.ts";

/** An input or output as a server tells of it. */
export function specOf({ name, datatype, shape }: TensorMetadata): TensorSpec {
  return { name, datatype, shape: shape.map(Number) };
}

/** The outputs of a response: views of its raw contents, or made of its lists. Throws for what is none. */
export function outputsOf(response: ModelInferResponse): NamedTensor[] {
  const { outputs, rawOutputContents } = response;
  return outputs.map((output, index) => outputOf(output, rawOutputContents[index]));
}

function outputOf(output: OutputTensor, raw: Uint8Array | undefined): NamedTensor {
  const { name, datatype, contents } = output;
  if (!isDatatype(datatype)) {
    const text = `output "${name}" is ${datatype}, which has no datatype here`;
    throw fault("OPERATION_UNSUPPORTED", text);
  }
  const shape = output.shape.map(Number);
  const head = { name, datatype, shape };
  const bytes = raw ?? (contents === undefined ? new Uint8Array() : listed(contents, datatype));
  const bytesNeeded = elementCount(shape) * datatypeBytes[datatype];
  if (datatype !== "BYTES" && bytes.length !== bytesNeeded) {
    throw new RangeError(`output "${name}" has ${bytes.length} bytes instead of ${bytesNeeded}`);
  }
  return { ...head, bytes };
}

/** The elements of the list that a datatype is in, as bytes. */
function listed(contents: InferTensorContents, datatype: NamedTensor["datatype"]): Uint8Array {
  switch (datatype) {
    case "BOOL":
      return Uint8Array.from(contents.boolContents, Number);
    case "INT8":
    case "INT16":
    case "INT32":
      return bytesFromNumbers(datatype, contents.intContents);
    case "UINT8":
    case "UINT16":
    case "UINT32":
      return bytesFromNumbers(datatype, contents.uintContents);
    case "INT64":
      return new Uint8Array(BigInt64Array.from(contents.int64Contents).buffer);
    case "UINT64":
      return new Uint8Array(BigUint64Array.from(contents.uint64Contents).buffer);
    case "FP32":
      return bytesFromNumbers(datatype, contents.fp32Contents);
    case "FP64":
      return bytesFromNumbers(datatype, contents.fp64Contents);
    case "BYTES":
      return bytesFromElements(contents.bytesContents);
    default:
      // The protocol has no list for halves.
      return new Uint8Array();
  }
}
