/** Predictions are equal when nothing differs that the model's response could depend on, and whose they are. */

import { expect, test } from "vitest";
import type { NamedTensor } from "#core/tensor.ts";
import { type PredictKeyFacts, predictKey } from "#services/predict-cache.ts";
import { tensor } from "../../support/predict.ts";

const x = tensor("x", "FP32", [2, 2], [1, 2, 3, 4]);
const y = tensor("y", "INT64", [1], [5]);
const version = { version: "1", load: "m/1#1", pool: "onnx" };
const facts: PredictKeyFacts = { caller: "alice", model: "m", version, inputs: [x, y] };

test.each<{ what: string; change: Partial<PredictKeyFacts> }>([
  { what: "the caller", change: { caller: "bob" } },
  { what: "the model", change: { model: "n" } },
  { what: "the version", change: { version: { ...version, version: "2" } } },
  { what: "when the version was loaded", change: { version: { ...version, load: "m/1#2" } } },
  { what: "the pool", change: { version: { ...version, pool: "triton" } } },
  {
    what: "one byte of an input",
    change: { inputs: [tensor("x", "FP32", [2, 2], [1, 2, 3, 5]), y] },
  },
  { what: "an input's name", change: { inputs: [{ ...x, name: "z" }, y] } },
  { what: "an input's shape", change: { inputs: [{ ...x, shape: [4] }, y] } },
  { what: "an input's rank", change: { inputs: [{ ...x, shape: [2, 2, 1] }, y] } },
  { what: "an input's datatype", change: { inputs: [{ ...x, datatype: "INT32" }, y] } },
  { what: "an input that is missing", change: { inputs: [x] } },
  {
    what: "which input has which bytes",
    change: {
      inputs: [
        { ...x, name: "y" },
        { ...y, name: "x" },
      ],
    },
  },
])("$what tells predictions apart", async ({ change }) => {
  expect(await predictKey({ ...facts, ...change })).not.toBe(await predictKey(facts));
});

test("the sign of a zero counts, for a model may divide by it", async () => {
  const of = (zero: number) => ({ ...facts, inputs: [tensor("x", "FP32", [1], [zero])] });
  expect(await predictKey(of(0))).not.toBe(await predictKey(of(-0)));
});

test("where one text or tensor ends and the next begins counts", async () => {
  const split = (first: string, second: string): PredictKeyFacts => ({
    ...facts,
    caller: first,
    model: second,
  });
  expect(await predictKey(split("ab", "c"))).not.toBe(await predictKey(split("a", "bc")));
  const bytes = (...sizes: number[]) => ({
    ...facts,
    inputs: sizes.map(
      (size, at): NamedTensor => ({
        name: `${at}`,
        datatype: "UINT8",
        shape: [-1],
        bytes: new Uint8Array(size),
      }),
    ),
  });
  expect(await predictKey(bytes(1, 2))).not.toBe(await predictKey(bytes(2, 1)));
});

test("the order of the inputs does not: a model is given them in its own", async () => {
  expect(await predictKey({ ...facts, inputs: [y, x] })).toBe(await predictKey(facts));
});

test("an empty name is the model's only input's", async () => {
  const named = await predictKey({ ...facts, inputs: [x] });
  const inputs = [{ ...x, name: "" }];
  expect(await predictKey({ ...facts, inputs, onlyInput: "x" })).toBe(named);
  expect(await predictKey({ ...facts, inputs })).not.toBe(named);
});

test("the bytes count and not where in memory they are, however many there are", async () => {
  const size = 3_000_001;
  const large = (offset: number, last: number): PredictKeyFacts => {
    const bytes = new Uint8Array(size + offset).subarray(offset);
    bytes[size - 1] = last;
    return { ...facts, inputs: [{ name: "x", datatype: "UINT8", shape: [size], bytes }] };
  };
  expect(await predictKey(large(0, 1))).toBe(await predictKey(large(3, 1)));
  expect(await predictKey(large(0, 1))).not.toBe(await predictKey(large(0, 2)));
});
