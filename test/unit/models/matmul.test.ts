/** The fast matrix product against the definition. */

import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { addProduct, type Matrix, rowMajor, transposed } from "../../../models/train/matmul.ts";

const rng = seededRng(3);

function random(rows: number, columns: number, offset: number): Matrix {
  const values = Float32Array.from({ length: rows * columns + offset }, () => rng.next() - 0.5);
  return rowMajor(values, columns, offset);
}

const at = ({ values, offset, rowStride, columnStride }: Matrix, row: number, column: number) =>
  values[offset + row * rowStride + column * columnStride]!;

const sizes = [
  { name: "whole tiles", rows: 8, inner: 5, columns: 12 },
  { name: "rows and columns left over", rows: 7, inner: 9, columns: 10 },
  { name: "fewer rows than a tile", rows: 3, inner: 4, columns: 8 },
  { name: "fewer columns than a tile", rows: 8, inner: 4, columns: 1 },
  { name: "a single product", rows: 1, inner: 1, columns: 1 },
];

for (const { name, ...size } of sizes) {
  const { rows, inner, columns } = size;
  for (const turned of ["neither", "left", "right"] as const) {
    test(`${name}: adds the product where ${turned} is transposed`, () => {
      const left = turned === "left" ? transposed(random(inner, rows, 3)) : random(rows, inner, 3);
      const right =
        turned === "right" ? transposed(random(columns, inner, 2)) : random(inner, columns, 2);
      const into = random(rows, columns, 1);
      const before = { ...into, values: into.values.slice() };
      addProduct(left, right, into, size);
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) {
          let sum = 0;
          for (let step = 0; step < inner; step += 1) {
            sum += at(left, row, step) * at(right, step, column);
          }
          expect(at(into, row, column)).toBe(Math.fround(at(before, row, column) + sum));
        }
      }
      expect(into.values[0]).toBe(before.values[0]);
    });
  }
}
