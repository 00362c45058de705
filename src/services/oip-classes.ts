/** The classification extension: the greatest elements of an output as texts, `value:index:label`. Pure. */

import { shortestFloat16, shortestFloat32 } from "#core/shortest-float.ts";
import { elementCount, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import type { ModelSpec } from "#inference/model-spec.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { type Elements, elementsOf } from "#inference/tensor-view.ts";
import { type Ranked, topOf } from "#inference/top-k.ts";
import { invalidTensor } from "./wire-tensor.ts";

/** Most classes of one response, over all of its rows. */
const classesMax = 65_536;

/** Numbers, and texts of them, after which others may go first. */
const numbersPerTurn = 65_536;
const textsPerTurn = 1024;

/** Throws TENSOR_INVALID for what is no number: it is neither greater nor less than any. */
function* requireNumbers(scores: Elements, name: string): Generator<void, void> {
  for (let at = 0; at < scores.length; at += 1) {
    if (at % numbersPerTurn === 0) yield;
    if (!Number.isNaN(scores[at])) continue;
    throw invalidTensor(name, "it holds NaN, which is no score of a class");
  }
}

/** The labels of an output's places, where the model declares them. */
function labelsOf({ meaning, labels }: ModelSpec, name: string, length: number): readonly string[] {
  const isScores = meaning.kind === "classification" && meaning.output === name;
  return isScores && labels.length === length ? labels : [];
}

function textOf({ value, index }: Ranked, { datatype }: NamedTensor, label?: string): string {
  const shortest = { FP16: shortestFloat16, FP32: shortestFloat32 }[String(datatype)];
  const number = shortest === undefined ? value : shortest(Number(value));
  return label === undefined ? `${number}:${index}` : `${number}:${index}:${label}`;
}

/**
 * The `count` greatest elements of each row of an output, or of all of it where it is one row, as a
 * tensor of texts. Yields where others may go first. Throws TENSOR_INVALID for texts and for what is
 * no number, REQUEST_INVALID for too many classes.
 */
export function* classesOf(
  output: NamedTensor,
  count: number,
  spec: ModelSpec,
): Generator<void, NamedTensor> {
  const { name, shape } = output;
  if (output.datatype === "BYTES") throw invalidTensor(name, "texts have no greatest classes");
  const rows = shape.length > 1 ? (shape[0] ?? 1) : 1;
  const length = rows === 0 ? 0 : elementCount(shape) / rows;
  const size = Math.min(count, length);
  if (rows * size > classesMax) {
    const text = `classification: ${rows} rows of ${size} classes are more than ${classesMax}`;
    throw fault("REQUEST_INVALID", text, { fields: [{ field: "outputs", description: text }] });
  }
  const labels = labelsOf(spec, name, length);
  const elements = elementsOf(output);
  const texts: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const scores = elements.subarray(row * length, (row + 1) * length);
    yield* requireNumbers(scores, name);
    const ranked = yield* topOf(scores, size);
    for (const one of ranked) {
      if (texts.length % textsPerTurn === 0) yield;
      texts.push(textOf(one, output, labels[one.index]));
    }
  }
  const bytes = bytesFromTexts(texts);
  return { name, datatype: "BYTES", shape: shape.length > 1 ? [rows, size] : [size], bytes };
}
