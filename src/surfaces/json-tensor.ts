/** Elements that JSON wrote ↔ the bytes of a tensor. Pure; both ways yield where others may go first. */

import { shortestFloat16, shortestFloat32 } from "#core/shortest-float.ts";
import { type Datatype, elementCount, type Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { bytesFromParts, partsOf } from "#inference/tensor-text.ts";
import {
  bytesFromNumbers,
  elementsOf,
  isFiniteTensor,
  isHeldBy,
  type NumericDatatype,
} from "#inference/tensor-view.ts";
import type { Elements } from "#json/elements.ts";

/** Elements after which others may go first. */
const elementsPerTurn = 4096;

function invalid(field: string, description: string) {
  return fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** Integers of 64 bits, exact. */
function* longBytes(
  { numbers, long }: Elements,
  datatype: "INT64" | "UINT64",
  field: string,
): Generator<void, Uint8Array> {
  const isSigned = datatype === "INT64";
  const wrapped = isSigned ? BigInt.asIntN : BigInt.asUintN;
  const elements = new (isSigned ? BigInt64Array : BigUint64Array)(numbers.length);
  for (let at = 0; at < numbers.length; at += 1) {
    if (at % elementsPerTurn === 0) yield;
    const number = numbers[at] ?? 0;
    const exact = long.get(at) ?? (Number.isSafeInteger(number) ? BigInt(number) : undefined);
    if (exact === undefined || wrapped(64, exact) !== exact) {
      throw invalid(`${field}[${at}]`, `${exact ?? number} does not fit ${datatype}`);
    }
    elements[at] = exact;
  }
  return new Uint8Array(elements.buffer);
}

function* numberBytes(
  { numbers, long }: Elements,
  datatype: NumericDatatype,
  field: string,
): Generator<void, Uint8Array> {
  for (let at = 0; at < numbers.length; at += 1) {
    if (at % elementsPerTurn === 0) yield;
    const number = numbers[at] ?? 0;
    if (isHeldBy(datatype, number)) continue;
    throw invalid(`${field}[${at}]`, `${long.get(at) ?? number} does not fit ${datatype}`);
  }
  return bytesFromNumbers(datatype, numbers);
}

/**
 * The elements as bytes of a datatype. Throws TENSOR_INVALID, naming the element that does not fit it;
 * `field` is where they stand in the request.
 */
export function* bytesOfElements(
  elements: Elements,
  datatype: Datatype,
  field: string,
): Generator<void, Uint8Array> {
  const { kind, count } = elements;
  if (count === 0) return new Uint8Array();
  if (datatype === "BYTES") {
    if (kind !== "text") throw invalid(field, `BYTES takes texts, not ${kind}s`);
    const encoder = new TextEncoder();
    return bytesFromParts(
      elements.texts.map((text) => (typeof text === "string" ? encoder.encode(text) : text)),
    );
  }
  if (kind === "text") throw invalid(field, `${datatype} takes numbers, not texts`);
  if (kind === "boolean" && datatype !== "BOOL") {
    throw invalid(field, `${datatype} takes numbers, not truth values`);
  }
  return datatype === "INT64" || datatype === "UINT64"
    ? yield* longBytes(elements, datatype, field)
    : yield* numberBytes(elements, datatype, field);
}

/** Throws TENSOR_INVALID where nested lists are not of the shape; flat ones may be of any. */
export function requireNesting(
  { shape: nested }: Elements,
  shape: readonly number[],
  field: string,
): void {
  const isFlat = nested.length <= 1;
  if (
    isFlat ||
    (nested.length === shape.length && nested.every((size, at) => size === shape[at]))
  ) {
    return;
  }
  const text = `lists of [${nested.join(", ")}] are not of the shape [${shape.join(", ")}]`;
  throw invalid(field, text);
}

/** Text of elements of a tensor, by their places. */
type Write = (at: number) => string;

/** Bytes as a JSON text; undefined for what is no UTF-8. */
function textOf(bytes: Uint8Array, utf8: TextDecoder): string | undefined {
  try {
    return JSON.stringify(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

function encoded(bytes: Uint8Array): string {
  const { buffer, byteOffset, length } = bytes;
  return `{"b64":"${Buffer.from(buffer, byteOffset, length).toString("base64")}"}`;
}

/** How texts are written. */
export type TextForm = "text" | "base64";

function textWriter(tensor: Tensor, field: string, form: TextForm, otherwise: string): Write {
  const parts = partsOf(tensor) ?? [];
  if (form === "base64") return (at) => encoded(parts[at] ?? new Uint8Array());
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (at) => {
    const text = textOf(parts[at] ?? new Uint8Array(), utf8);
    if (text !== undefined) return text;
    throw fault("BACKEND_FAILED", `${field}: element ${at} is no UTF-8, ${otherwise}`);
  };
}

function writerOf(tensor: Tensor, field: string, form: TextForm, otherwise: string): Write {
  const { datatype } = tensor;
  if (datatype === "BYTES") return textWriter(tensor, field, form, otherwise);
  if (!isFiniteTensor(tensor)) {
    throw fault("BACKEND_FAILED", `${field}: it holds NaN or infinity, ${otherwise}`);
  }
  const elements = elementsOf(tensor);
  switch (datatype) {
    case "BOOL":
      return (at) => (elements[at] === 0 ? "false" : "true");
    case "FP16":
      return (at) => String(shortestFloat16(Number(elements[at])));
    case "FP32":
      return (at) => String(shortestFloat32(Number(elements[at])));
    default:
      return (at) => String(elements[at]);
  }
}

/** What a tensor is called in errors, how its texts are written, and what a client does that cannot be told so. */
export interface Writing {
  readonly field: string;
  readonly form: TextForm;
  /** Such as: ask for binary_data. */
  readonly otherwise: string;
}

/** The elements of a tensor as one flat JSON list, in pieces. Throws BACKEND_FAILED for what JSON cannot say, before the first. */
export function flatJson(
  tensor: Tensor,
  { field, form, otherwise }: Writing,
): Generator<string, void> {
  const write = writerOf(tensor, field, form, otherwise);
  return flatPieces(write, elementCount(tensor.shape));
}

function* flatPieces(write: Write, count: number): Generator<string, void> {
  yield "[";
  for (let from = 0; from < count; from += elementsPerTurn) {
    const texts: string[] = [];
    const end = Math.min(count, from + elementsPerTurn);
    for (let at = from; at < end; at += 1) texts.push(write(at));
    yield from === 0 ? texts.join(",") : `,${texts.join(",")}`;
  }
  yield "]";
}

/** Lists of no elements that are written for a shape with a size of 0. */
const emptyListsMax = 4096;

function emptyJson([size = 0, ...others]: readonly number[]): string {
  if (size === 0 || others.length === 0 || size > emptyListsMax) return "[]";
  return `[${Array(size).fill(emptyJson(others)).join(",")}]`;
}

/** Those of the lists that begin or end before the element at `at`. */
function brackets(bracket: string, at: number, blocks: readonly number[]): string {
  let text = "";
  for (const block of blocks) if (at % block === 0) text += bracket;
  return text;
}

/** One row after the other of the tensors that a response is made of. */
export class NestedJson {
  readonly #write: Write;
  /** Elements in a list of each depth, the innermost first. */
  readonly #blocks: readonly number[];
  readonly #shape: readonly number[];

  /** Throws as `flatJson` does. */
  constructor(tensor: Tensor, { field, form, otherwise }: Writing) {
    this.#write = writerOf(tensor, field, form, otherwise);
    this.#shape = tensor.shape;
    const sizes = tensor.shape.toReversed();
    this.#blocks = sizes.map((_, at) => elementCount(sizes.slice(0, at + 1)));
  }

  /** Elements of one row: the lists within the outermost one. */
  get #rowLength(): number {
    return elementCount(this.#shape.slice(1));
  }

  /** The whole tensor. */
  whole(): Generator<string, void> {
    return this.#pieces(0, elementCount(this.#shape), this.#blocks);
  }

  /** A row of it. */
  row(index: number): Generator<string, void> {
    const length = this.#rowLength;
    return this.#pieces(index * length, length, this.#blocks.slice(0, -1));
  }

  *#pieces(start: number, count: number, blocks: readonly number[]): Generator<string, void> {
    if (count === 0) {
      yield emptyJson(this.#shape.slice(this.#shape.length - blocks.length));
      return;
    }
    let text = "";
    for (let at = 0; at < count; at += 1) {
      const comma = at === 0 ? "" : ",";
      const element = this.#write(start + at);
      text += comma + brackets("[", at, blocks) + element + brackets("]", at + 1, blocks);
      if ((at + 1) % elementsPerTurn === 0) {
        yield text;
        text = "";
      }
    }
    yield text;
  }
}
