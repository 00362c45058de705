/** Outputs of an inference: in the fields of their datatypes, or raw. */

import { expect, test } from "vitest";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { outputsTo } from "#services/oip-tensors.ts";
import { tensor } from "../../support/predict.ts";

const pair = tensor("a", "FP32", [2], [1, 2]);

test("elements come in the field of each datatype", () => {
  const flags = tensor("b", "BOOL", [2], [1, 0]);
  const texts = { name: "c", datatype: "BYTES", shape: [1], bytes: bytesFromTexts(["x"]) } as const;
  expect(outputsTo([pair, flags, texts], false)).toMatchObject({
    outputs: [
      { name: "a", contents: { fp32Contents: [1, 2] } },
      { name: "b", contents: { boolContents: [true, false] } },
      { name: "c", contents: { bytesContents: [Uint8Array.of(0x78)] } },
    ],
  });
});

test("all are raw where one datatype has no field", () => {
  const halves = tensor("h", "FP16", [1], [1]);
  const { outputs, rawOutputContents } = outputsTo([pair, halves], false);
  expect(outputs?.map(({ contents }) => contents)).toEqual([undefined, undefined]);
  expect(rawOutputContents).toEqual([pair.bytes, halves.bytes]);
});

test("many elements are raw, for writing them one by one takes long", () => {
  const many = {
    name: "m",
    datatype: "UINT8",
    shape: [262_145],
    bytes: new Uint8Array(262_145),
  } as const;
  expect(outputsTo([many], false).rawOutputContents).toHaveLength(1);
  const fewer = { ...many, shape: [262_144], bytes: new Uint8Array(262_144) };
  expect(outputsTo([fewer], false).rawOutputContents).toBeUndefined();
});
