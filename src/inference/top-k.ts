/** The greatest elements of a row, with their places. Pure. */

/** An element and where in its row it stands. */
export interface Ranked {
  readonly value: number | bigint;
  readonly index: number;
}

/** Elements that are looked at before others get their turn. */
const elementsPerTurn = 4096;

type Row = ArrayLike<number | bigint>;

/** Whether the element at `a` comes after that at `b`: it is less, or as great and stands after it. */
function isBehind(row: Row, a: number, b: number): boolean {
  const [first, second] = [row[a] as number | bigint, row[b] as number | bigint];
  return first < second || (first === second && a > b);
}

/** Lets the place at `at` sink to where neither of those below it comes after it: the root is the last of all. */
function sink(heap: number[], row: Row, at: number): void {
  for (let here = at; ; ) {
    const left = 2 * here + 1;
    if (left >= heap.length) return;
    const right = left + 1;
    const [l, r] = [heap[left] as number, heap[right] as number];
    const last = right < heap.length && isBehind(row, r, l) ? right : left;
    const place = heap[here] as number;
    const lower = heap[last] as number;
    if (!isBehind(row, lower, place)) return;
    heap[here] = lower;
    heap[last] = place;
    here = last;
  }
}

/** The `count` greatest of a row without NaN, the greatest first; equal ones in their order. Yields where others may go first. */
export function* topOf(row: Row, count: number): Generator<void, readonly Ranked[]> {
  const size = Math.min(count, row.length);
  const heap = Array.from({ length: size }, (_, at) => at);
  for (let at = (size >> 1) - 1; at >= 0; at -= 1) sink(heap, row, at);
  for (let at = size; at < row.length; at += 1) {
    if (at % elementsPerTurn === 0) yield;
    if (!isBehind(row, heap[0] as number, at)) continue;
    heap[0] = at;
    sink(heap, row, 0);
  }
  yield;
  return heap
    .sort((a, b) => (isBehind(row, a, b) ? 1 : -1))
    .map((index) => ({ value: row[index] as number | bigint, index }));
}
