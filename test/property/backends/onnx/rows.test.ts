import fc from "fast-check";
import { expect, test } from "vitest";
import { joinRows, rowsOf, splitRows } from "#backends/onnx/rows.ts";
import type { NamedTensor } from "#core/tensor.ts";

/** Inferences of one model: like inputs, any number of rows, bytes that begin anywhere. */
const like = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .chain(([width, inputs]) =>
    fc.array(
      fc.integer({ min: 1, max: 4 }).chain((rows) =>
        fc.tuple(
          ...Array.from({ length: inputs }, (_, at) =>
            fc
              .uint8Array({ minLength: rows * width + 1, maxLength: rows * width + 1 })
              .map((bytes): NamedTensor => {
                return {
                  name: `x${at}`,
                  datatype: "UINT8",
                  shape: [rows, width],
                  bytes: bytes.subarray(1),
                };
              }),
          ),
        ),
      ),
      { minLength: 2, maxLength: 6 },
    ),
  );

const contents = (tensors: readonly NamedTensor[]) =>
  tensors.map(({ name, shape, bytes }) => ({ name, shape, bytes: [...bytes] }));

test("like inferences come apart as they went together", () => {
  fc.assert(
    fc.property(like, (inferences) => {
      const rows = inferences.map((inputs) => rowsOf(inputs));
      expect(new Set(rows.map((one) => one?.likeness)).size).toBe(1);
      const counts = rows.map((one) => one?.count ?? 0);
      const apart = splitRows(joinRows(inferences), counts);
      expect(apart?.map(contents)).toEqual(inferences.map(contents));
    }),
  );
});

test("joining leaves what was sent untouched and shares no memory with it", () => {
  fc.assert(
    fc.property(like, (inferences) => {
      const before = inferences.map(contents);
      for (const { bytes } of joinRows(inferences)) bytes.fill(0);
      expect(inferences.map(contents)).toEqual(before);
    }),
  );
});
