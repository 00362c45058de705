import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Datatype } from "#core/tensor.ts";
import { reasonOf } from "#errors/fault.ts";
import { type Tensor, TensorSchema } from "#gen/polygate/v1/predict_pb.js";
import { tensorFromWire, tensorToWire } from "#services/tensors.ts";

const wire = (init: MessageInitShape<typeof TensorSchema>): Tensor => create(TensorSchema, init);

describe("what is refused, and what the refusal names", () => {
  const rows = [
    {
      name: "an unknown datatype",
      tensor: { datatype: "FLOAT" },
      field: "inputs[0].datatype",
    },
    {
      name: "two forms at once",
      tensor: { datatype: "FP32", shape: [1], data: [1], raw: new Uint8Array(4) },
      field: "inputs[0]",
    },
    {
      name: "a whole number out of range",
      tensor: { datatype: "INT8", shape: [2], data: [1, 200] },
      field: "inputs[0].data[1]",
    },
    {
      name: "a fraction in a whole-number type",
      tensor: { datatype: "INT64", shape: [1], data: [1.5] },
      field: "inputs[0].data[0]",
    },
    {
      name: "a whole number that a JSON number cannot hold exactly",
      tensor: { datatype: "INT64", shape: [1], data: [2 ** 60] },
      field: "inputs[0].data[0]",
    },
    {
      name: "numbers for texts",
      tensor: { datatype: "BYTES", shape: [1], data: [1] },
      field: "inputs[0].data",
    },
    {
      name: "texts for numbers",
      tensor: { datatype: "FP32", shape: [1], text: ["1"] },
      field: "inputs[0].text",
    },
    {
      name: "too few elements",
      tensor: { datatype: "FP32", shape: [2, 2], data: [1, 2, 3] },
      field: "inputs[0]",
    },
    {
      name: "raw bytes that break an element",
      tensor: { datatype: "FP32", shape: [1], raw: new Uint8Array(3) },
      field: "inputs[0]",
    },
  ] as const;
  for (const { name, tensor, field } of rows) {
    test(name, () => {
      try {
        tensorFromWire(
          wire({ ...tensor, shape: [...("shape" in tensor ? tensor.shape : [])] } as never),
          "inputs[0]",
        );
      } catch (error) {
        expect(reasonOf(error as never)).toBe("TENSOR_INVALID");
        expect(String(error)).toContain(`${field}:`);
        return;
      }
      throw new Error("nothing was refused");
    });
  }
});

test("raw bytes pass through without a copy", () => {
  const raw = Uint8Array.of(0, 0, 128, 63);
  const tensor = tensorFromWire(
    wire({ name: "x", datatype: "FP32", shape: [1], raw }),
    "inputs[0]",
  );
  expect(tensor.bytes).toBe(raw);
  expect(tensorToWire(tensor, false)).toMatchObject({ raw });
  expect(tensorToWire(tensor, true)).toMatchObject({ data: [1] });
});

test("an empty tensor needs no elements", () => {
  const tensor = tensorFromWire(wire({ datatype: "FP32", shape: [0, 3] }), "inputs[0]");
  expect(tensor.bytes).toHaveLength(0);
});

test("texts of any script survive the round trip", () => {
  const text = ["", "añb", "日本", "🙂"];
  const tensor = tensorFromWire(wire({ datatype: "BYTES", shape: [4], text }), "inputs[0]");
  expect(tensorToWire(tensor, true)).toMatchObject({ text });
});

test("numbers that a datatype holds survive the round trip", () => {
  const floats = fc.double({ noNaN: true, noDefaultInfinity: true }).map(Math.fround);
  fc.assert(
    fc.property(fc.constantFrom<Datatype>("FP32", "FP64"), fc.array(floats), (datatype, data) => {
      const sent = wire({ datatype, shape: [data.length], data });
      const written = tensorToWire(tensorFromWire(sent, "inputs[0]"), true).data ?? [];
      expect(datatype === "FP32" ? written.map(Math.fround) : written).toEqual(data);
    }),
  );
});

test("floats are written as people write them, integers as they are", () => {
  const written = (datatype: Datatype, data: number[]) =>
    tensorToWire(tensorFromWire(wire({ datatype, shape: [data.length], data }), ""), true).data;
  expect(written("FP32", [1.1, 0.1, -3.4e38, 16_777_217])).toEqual([1.1, 0.1, -3.4e38, 16_777_216]);
  expect(written("FP16", [1.1, 65504, 6e-8])).toEqual([1.1, 65504, 6e-8]);
  expect(written("FP64", [1.100000023841858])).toEqual([1.100000023841858]);
  expect(written("INT32", [123_456_789])).toEqual([123_456_789]);
});

describe("64-bit integers of an output", () => {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  const written = (datatype: "INT64" | "UINT64", values: bigint[]) => {
    const elements =
      datatype === "INT64" ? BigInt64Array.from(values) : BigUint64Array.from(values);
    const bytes = new Uint8Array(elements.buffer);
    return {
      bytes,
      tensor: tensorToWire({ name: "y", datatype, shape: [values.length], bytes }, true),
    };
  };

  test.each([
    ["INT64", [most, -most, 0n]],
    ["UINT64", [most]],
  ] as const)("%s up to 2^53 are numbers", (datatype, values) => {
    const { tensor } = written(datatype, [...values]);
    expect(tensor).toMatchObject({ data: values.map(Number) });
    expect(tensor.raw).toBeUndefined();
  });

  test.each([
    ["INT64", [1n, most + 1n]],
    ["INT64", [-most - 1n]],
    ["INT64", [9_007_199_254_740_993n]],
    ["UINT64", [(1n << 64n) - 1n]],
  ] as const)("%s beyond it are raw, all of the tensor", (datatype, values) => {
    const { bytes, tensor } = written(datatype, [...values]);
    expect(tensor).toMatchObject({ raw: bytes });
    expect(tensor.data).toBeUndefined();
  });
});
