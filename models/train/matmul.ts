/** Matrix product of strided single-precision matrices: the one hot loop of training. */

/** A matrix inside a flat array: (row, column) is at offset + row * rowStride + column * columnStride. */
export interface Matrix {
  readonly values: Float32Array;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Sizes of a product: [rows, inner] · [inner, columns]. */
export interface ProductSize {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** A dense row-major matrix of `columns` columns, starting at `offset`. */
export function rowMajor(values: Float32Array, columns: number, offset = 0): Matrix {
  return { values, offset, rowStride: columns, columnStride: 1 };
}

/** The same elements with rows and columns exchanged; nothing is copied. */
export function transposed(matrix: Matrix): Matrix {
  const { values, offset, rowStride, columnStride } = matrix;
  return { values, offset, rowStride: columnStride, columnStride: rowStride };
}

/** into += left · right. Sums are kept in double precision and rounded once. */
export function addProduct(left: Matrix, right: Matrix, into: Matrix, size: ProductSize): void {
  const rows = size.rows - (size.rows % 4);
  const columns = size.columns - (size.columns % 4);
  for (let column = 0; column < columns; column += 4) {
    addTiles(left, right, into, { rows, inner: size.inner, column });
  }
  addCells(left, right, into, { ...size, fromRow: 0, fromColumn: columns });
  addCells(left, right, into, { ...size, columns, fromRow: rows, fromColumn: 0 });
}

/** A strip of four columns, four rows at a time: eight loads feed sixteen products, hence the speed. */
function addTiles(
  left: Matrix,
  right: Matrix,
  into: Matrix,
  { rows, inner, column }: { rows: number; inner: number; column: number },
): void {
  const { values: a, rowStride: aDown, columnStride: aStep } = left;
  const { values: b, rowStride: bStep, columnStride: bRight } = right;
  const { values: c, rowStride: cDown, columnStride: cRight } = into;
  for (let row = 0; row < rows; row += 4) {
    let [s00, s01, s02, s03] = [0, 0, 0, 0];
    let [s10, s11, s12, s13] = [0, 0, 0, 0];
    let [s20, s21, s22, s23] = [0, 0, 0, 0];
    let [s30, s31, s32, s33] = [0, 0, 0, 0];
    let p = left.offset + row * aDown;
    let q = right.offset + column * bRight;
    for (let step = 0; step < inner; step += 1, p += aStep, q += bStep) {
      const a0 = a[p] ?? 0;
      const a1 = a[p + aDown] ?? 0;
      const a2 = a[p + 2 * aDown] ?? 0;
      const a3 = a[p + 3 * aDown] ?? 0;
      const b0 = b[q] ?? 0;
      const b1 = b[q + bRight] ?? 0;
      const b2 = b[q + 2 * bRight] ?? 0;
      const b3 = b[q + 3 * bRight] ?? 0;
      s00 += a0 * b0;
      s01 += a0 * b1;
      s02 += a0 * b2;
      s03 += a0 * b3;
      s10 += a1 * b0;
      s11 += a1 * b1;
      s12 += a1 * b2;
      s13 += a1 * b3;
      s20 += a2 * b0;
      s21 += a2 * b1;
      s22 += a2 * b2;
      s23 += a2 * b3;
      s30 += a3 * b0;
      s31 += a3 * b1;
      s32 += a3 * b2;
      s33 += a3 * b3;
    }
    let at = into.offset + row * cDown + column * cRight;
    addTo(c, at, s00);
    addTo(c, at + cRight, s01);
    addTo(c, at + 2 * cRight, s02);
    addTo(c, at + 3 * cRight, s03);
    at += cDown;
    addTo(c, at, s10);
    addTo(c, at + cRight, s11);
    addTo(c, at + 2 * cRight, s12);
    addTo(c, at + 3 * cRight, s13);
    at += cDown;
    addTo(c, at, s20);
    addTo(c, at + cRight, s21);
    addTo(c, at + 2 * cRight, s22);
    addTo(c, at + 3 * cRight, s23);
    at += cDown;
    addTo(c, at, s30);
    addTo(c, at + cRight, s31);
    addTo(c, at + 2 * cRight, s32);
    addTo(c, at + 3 * cRight, s33);
  }
}

interface Cells extends ProductSize {
  readonly fromRow: number;
  readonly fromColumn: number;
}

/** One sum at a time, for the rows and columns that fill no tile. */
function addCells(left: Matrix, right: Matrix, into: Matrix, cells: Cells): void {
  const { values: a, columnStride: aStep } = left;
  const { values: b, rowStride: bStep } = right;
  const { values: c } = into;
  for (let row = cells.fromRow; row < cells.rows; row += 1) {
    for (let column = cells.fromColumn; column < cells.columns; column += 1) {
      let p = left.offset + row * left.rowStride;
      let q = right.offset + column * right.columnStride;
      let sum = 0;
      for (let step = 0; step < cells.inner; step += 1, p += aStep, q += bStep) {
        sum += (a[p] ?? 0) * (b[q] ?? 0);
      }
      addTo(c, into.offset + row * into.rowStride + column * into.columnStride, sum);
    }
  }
}

function addTo(values: Float32Array, at: number, summand: number): void {
  values[at] = (values[at] ?? 0) + summand;
}
