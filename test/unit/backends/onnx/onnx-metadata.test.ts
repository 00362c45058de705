import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import {
  entriesMax,
  entryBytesMax,
  fieldsMax,
  labelsFrom,
  onnxMetadata,
} from "#backends/onnx/onnx-metadata.ts";

/** A file in memory, with a count of the bytes that were asked for. */
function file(bytes: Uint8Array) {
  let asked = 0;
  return {
    read: (offset: number, length: number) => {
      const part = bytes.subarray(offset, offset + length);
      asked += part.length;
      return Promise.resolve(part);
    },
    get asked() {
      return asked;
    },
  };
}

const model = (entries: readonly { key: string; value: string }[], weightBytes = 0) =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 9n,
      producerName: "tests",
      graph: { name: "g", initializer: [{ name: "w", rawData: new Uint8Array(weightBytes) }] },
      opsetImport: [{ domain: "", version: 17n }],
      metadataProps: [...entries],
    }),
  );

const metadataOf = (bytes: Uint8Array) => onnxMetadata(file(bytes).read);

describe("what a file says of itself", () => {
  test("is read from behind its weights, which are not", async () => {
    const entries = [
      { key: "names", value: "{0: 'cat'}" },
      { key: "stride", value: "32" },
    ];
    const large = file(model(entries, 5_000_000));
    expect(await onnxMetadata(large.read)).toEqual({ names: "{0: 'cat'}", stride: "32" });
    expect(large.asked).toBeLessThan(20_000);
  });

  test("is nothing where there is nothing, or no ONNX file", async () => {
    expect(await metadataOf(model([]))).toEqual({});
    expect(await metadataOf(new Uint8Array())).toEqual({});
    expect(await metadataOf(new TextEncoder().encode("not a model"))).toEqual({});
    expect(await metadataOf(new Uint8Array(100).fill(0xff))).toEqual({});
  });

  test("ends with the file, wherever that is cut off", async () => {
    const whole = model([{ key: "a", value: "b" }]);
    for (let length = 0; length < whole.length; length++) {
      expect(await metadataOf(whole.subarray(0, length))).toEqual({});
    }
    expect(await metadataOf(whole)).toEqual({ a: "b" });
  });

  test("is bounded: an entry too large is left out, and of too many the first ones stay", async () => {
    const large = { key: "large", value: "x".repeat(entryBytesMax) };
    expect(await metadataOf(model([large, { key: "a", value: "b" }]))).toEqual({ a: "b" });
    const many = Array.from({ length: entriesMax + 5 }, (_, at) => ({ key: `k${at}`, value: "" }));
    expect(Object.keys(await metadataOf(model(many)))).toHaveLength(entriesMax);
    const fields = new Uint8Array(2 * (fieldsMax + 1)).fill(0x08);
    const hidden = model([{ key: "a", value: "b" }]);
    expect(await metadataOf(Uint8Array.from([...fields, ...hidden]))).toEqual({});
  });
});

describe("labels in it", () => {
  const rows = [
    {
      name: "as Python prints a mapping",
      names: `{0: 'cat', 1: "dog's", 2: 'it\\'s'}`,
      labels: ["cat", "dog's", "it's"],
    },
    { name: "as a JSON list", names: '["cat", "dog"]', labels: ["cat", "dog"] },
    { name: "as a JSON mapping", names: '{"1": "dog", "0": "cat"}', labels: ["cat", "dog"] },
    { name: "with a gap are none", names: "{0: 'cat', 2: 'dog'}", labels: [] },
    { name: "that are no list are none", names: "cat and dog", labels: [] },
    { name: "that are a number are none", names: "7", labels: [] },
  ];
  test.each(rows)("$name", ({ names, labels }) => expect(labelsFrom({ names })).toEqual(labels));
  test("that are not there are none", () => expect(labelsFrom({ stride: "32" })).toEqual([]));
});
