/** Tensors of every datatype and rank through a running gateway and a model that gives back what it takes, in every way of the Open Inference Protocol: to the bit. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Datatype, NamedTensor } from "#core/tensor.ts";
import { elementCount } from "#core/tensor.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { bytesFromNumbers } from "#inference/tensor-view.ts";
import { type ModelGateway, startModelGateway } from "../support/model-gateway.ts";
import { oipWires } from "../support/oip-wires.ts";
import { identity } from "../support/onnx-models.ts";

const bits = (array: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>) =>
  new Uint8Array(array.buffer);

/** Three elements of each datatype, its least and greatest among them. */
const elements: Readonly<Partial<Record<Datatype, Uint8Array>>> = {
  BOOL: bytesFromNumbers("BOOL", [1, 0, 1]),
  UINT8: bytesFromNumbers("UINT8", [0, 255, 7]),
  UINT16: bytesFromNumbers("UINT16", [0, 65_535, 7]),
  UINT32: bytesFromNumbers("UINT32", [0, 4_294_967_295, 7]),
  UINT64: bits(BigUint64Array.of(0n, 2n ** 64n - 1n, 2n ** 53n + 1n)),
  INT8: bytesFromNumbers("INT8", [-128, 127, -1]),
  INT16: bytesFromNumbers("INT16", [-32_768, 32_767, -1]),
  INT32: bytesFromNumbers("INT32", [-2_147_483_648, 2_147_483_647, -1]),
  INT64: bits(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n)),
  FP16: bytesFromNumbers("FP16", [-65_504, 2 ** -24, -0]),
  FP32: bytesFromNumbers("FP32", [-(2 - 2 ** -23) * 2 ** 127, 2 ** -149, -0]),
  FP64: bytesFromNumbers("FP64", [-1.7976931348623157e308, 5e-324, -0]),
};
const types = [...Object.keys(elements), "BYTES"] as Datatype[];
const texts = ["", "ä€😀", "x".repeat(300)];

/** How many sizes a tensor has, and with which it goes. */
const shapes = [
  { rank: 0, shape: [] },
  { rank: 1, shape: [3] },
  { rank: 1, shape: [0] },
  { rank: 3, shape: [1, 3, 1] },
  { rank: 3, shape: [2, 0, 3] },
];

const nameOf = (datatype: Datatype, rank: number) => `${datatype.toLowerCase()}-${rank}`;

function tensor(datatype: Datatype, shape: readonly number[]): NamedTensor {
  const count = elementCount(shape);
  const all = elements[datatype] ?? new Uint8Array();
  const bytes =
    datatype === "BYTES"
      ? bytesFromTexts(texts.slice(0, count))
      : all.slice(0, (all.length / 3) * count);
  return { name: "x", datatype, shape, bytes };
}

let use: ModelGateway;

beforeAll(async () => {
  const files = types.flatMap((datatype) =>
    [0, 1, 3].map((rank): [string, Uint8Array] => {
      const sizes = ["A", "B", "C"].slice(0, rank);
      return [`${nameOf(datatype, rank)}/1/model.onnx`, identity(datatype, sizes)];
    }),
  );
  use = await startModelGateway(Object.fromEntries(files));
});

afterAll(() => use[Symbol.asyncDispose]());

describe.each(Object.entries(oipWires))("%s", (_, wire) => {
  test.each(types)("%s comes back as it went", async (datatype) => {
    const infer = wire.open(use.url);
    for (const { rank, shape } of shapes) {
      const sent = tensor(datatype, shape);
      const [back, ...others] = await infer(nameOf(datatype, rank), [sent]);
      expect(others).toEqual([]);
      expect({ ...back, bytes: Buffer.from(back?.bytes ?? []) }).toEqual({
        ...sent,
        name: "y",
        bytes: Buffer.from(sent.bytes),
      });
    }
  });
});
