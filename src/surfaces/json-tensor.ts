/** Elements that JSON wrote ↔ the bytes of a tensor. Pure; both ways yield where others may go first. */

import { isUtf8 } from "node:buffer";
import { jsonNumber, shortestFloat16, shortestFloat32 } from "#core/shortest-float.ts";
import { type Datatype, elementCount, type Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import {
  areFinite,
  bytesFromNumbers,
  elementsOf,
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
 * The elements as bytes of a datatype; texts are taken out of them. Throws TENSOR_INVALID, naming the element that does not fit it;
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
    return elements.takeTexts();
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

/** The text of the element at a place, in pieces where it is long; places are asked for in their order. */
type Write = (at: number) => string | Iterable<string>;

/** Bytes of an element that are written at once, and characters of a piece. */
const pieceBytes = 65_536;
/** The same in whole groups of base64. */
const base64Bytes = 49_152;

/** Long bytes as a JSON text. Throws a TypeError for what is no UTF-8. */
function* textPieces(bytes: Uint8Array): Generator<string, void> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  yield '"';
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const isLast = at + pieceBytes >= bytes.length;
    const piece = utf8.decode(bytes.subarray(at, at + pieceBytes), { stream: !isLast });
    yield JSON.stringify(piece).slice(1, -1);
  }
  yield '"';
}

function base64Of({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("base64");
}

function* encodedPieces(bytes: Uint8Array): Generator<string, void> {
  yield '{"b64":"';
  for (let at = 0; at < bytes.length; at += base64Bytes) {
    yield base64Of(bytes.subarray(at, at + base64Bytes));
  }
  yield '"}';
}

/** How texts are written. */
export type TextForm = "text" | "base64";

/** Takes the elements of a tensor of texts one after the other. */
function partReader({ bytes }: Tensor): () => Uint8Array {
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  return () => {
    const start = at + 4;
    at = start > bytes.length ? start : start + lengths.getUint32(at, true);
    return bytes.subarray(start, at);
  };
}

function textWriter(tensor: Tensor, { field, form, otherwise }: Writing): Write {
  const next = partReader(tensor);
  if (form === "base64") {
    return () => {
      const bytes = next();
      return bytes.length > pieceBytes ? encodedPieces(bytes) : `{"b64":"${base64Of(bytes)}"}`;
    };
  }
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (at) => {
    const bytes = next();
    // What is sent in pieces must not turn out to be no text in the middle.
    if (isUtf8(bytes)) {
      return bytes.length > pieceBytes ? textPieces(bytes) : JSON.stringify(utf8.decode(bytes));
    }
    throw fault("BACKEND_FAILED", `${field}: element ${at} is no UTF-8, ${otherwise}`);
  };
}

const integers: readonly Datatype[] = ["INT64", "UINT64"];

function writerOf(tensor: Tensor, writing: Writing): Write {
  const { datatype } = tensor;
  if (datatype === "BYTES") return textWriter(tensor, writing);
  const elements = elementsOf(tensor);
  if (!integers.includes(datatype) && !areFinite(elements as ArrayLike<number>)) {
    const { field, otherwise } = writing;
    throw fault("BACKEND_FAILED", `${field}: it holds NaN or infinity, ${otherwise}`);
  }
  switch (datatype) {
    case "BOOL":
      return (at) => (elements[at] === 0 ? "false" : "true");
    case "FP16":
      return (at) => jsonNumber(shortestFloat16(Number(elements[at])));
    case "FP32":
      return (at) => jsonNumber(shortestFloat32(Number(elements[at])));
    default:
      return (at) => jsonNumber(elements[at] ?? 0);
  }
}

/** What a tensor is called in errors, how its texts are written, and what a client does whose values cannot be sent so. */
export interface Writing {
  readonly field: string;
  readonly form: TextForm;
  /** Such as: ask for binary_data. */
  readonly otherwise: string;
}

/** Lists of no elements that are written for a shape with a size of 0. */
const emptyListsMax = 4096;

function emptyJson(shape: readonly number[]): string {
  const lists = shape.slice(0, shape.indexOf(0));
  if (elementCount(lists) > emptyListsMax) return "[]";
  return lists.reduceRight((text, size) => `[${Array(size).fill(text).join(",")}]`, "[]");
}

/** Those of the lists that begin or end before the element at `at`. */
function brackets(bracket: string, at: number, blocks: readonly number[]): string {
  let text = "";
  for (const block of blocks) if (at % block === 0) text += bracket;
  return text;
}

/** Some elements, of which each of `blocks` makes a list, the innermost first. */
interface Stretch {
  readonly start: number;
  readonly count: number;
  readonly blocks: readonly number[];
}

/** The text of a stretch of one element or more. */
function* piecesOf(write: Write, { start, count, blocks }: Stretch): Generator<string, void> {
  // Joined, for a text that grows element by element is put together in one go, later and slowly.
  let texts: string[] = [];
  let chars = 0;
  for (let at = 0; at < count; at += 1) {
    const element = write(start + at);
    texts.push((at === 0 ? "" : ",") + brackets("[", at, blocks));
    if (typeof element === "string") {
      texts.push(element);
      chars += element.length;
    } else {
      yield texts.join("");
      yield* element;
      texts = [];
    }
    texts.push(brackets("]", at + 1, blocks));
    if ((at + 1) % elementsPerTurn !== 0 && chars < pieceBytes) continue;
    yield texts.join("");
    texts = [];
    chars = 0;
  }
  yield texts.join("");
}

/** The elements of a tensor as one flat JSON list, in pieces. Throws BACKEND_FAILED for what JSON cannot say, numbers before the first piece. */
export function flatJson(tensor: Tensor, writing: Writing): Iterable<string> {
  const write = writerOf(tensor, writing);
  const count = elementCount(tensor.shape);
  return count === 0 ? ["[]"] : piecesOf(write, { start: 0, count, blocks: [count] });
}

/** A tensor as nested JSON: the whole of it, or its rows in their order, once. */
export class NestedJson {
  readonly #write: Write;
  /** Elements in a list of each depth, the innermost first. */
  readonly #blocks: readonly number[];
  readonly #shape: readonly number[];
  readonly #rowLength: number;

  /** Throws as `flatJson` does. */
  constructor(tensor: Tensor, writing: Writing) {
    this.#write = writerOf(tensor, writing);
    this.#shape = tensor.shape;
    this.#rowLength = elementCount(tensor.shape.slice(1));
    const sizes = tensor.shape.toReversed();
    this.#blocks = sizes.map((_, at) => elementCount(sizes.slice(0, at + 1)));
  }

  /** The whole tensor. */
  whole(): Iterable<string> {
    const count = elementCount(this.#shape);
    if (count === 0) return [emptyJson(this.#shape)];
    return piecesOf(this.#write, { start: 0, count, blocks: this.#blocks });
  }

  /** A row of it: the lists within the outermost one. */
  row(index: number): Iterable<string> {
    const count = this.#rowLength;
    if (count === 0) return [emptyJson(this.#shape.slice(1))];
    const blocks = this.#blocks.slice(0, -1);
    return piecesOf(this.#write, { start: index * count, count, blocks });
  }
}
