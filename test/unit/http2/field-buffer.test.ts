/** The list that a connection's blocks are read into. */

import { expect, test } from "vitest";
import { Field } from "#http2/field.ts";
import { FieldBuffer } from "#http2/field-buffer.ts";

function filled(list: FieldBuffer, count: number): FieldBuffer {
  for (let place = 0; place < count; place += 1) list.add(new Field(`x-${place}`, "secret"));
  return list;
}

test("fields are those of the last block alone, and a copy of them outlives it", () => {
  const list = filled(new FieldBuffer(), 3);
  const taken = list.from(1);
  list.clear();
  expect(list.from(0)).toEqual([]);
  filled(list, 1);
  expect(list.from(0).map(({ name }) => name)).toEqual(["x-0"]);
  expect(taken.map(({ name }) => name)).toEqual(["x-1", "x-2"]);
});

test.each([3, 64, 65, 1_000])(
  "nothing of a block of %i fields is held when it is cleared",
  (count) => {
    const list = filled(new FieldBuffer(), count);
    list.clear();
    expect(list.items.filter((item) => item !== undefined)).toEqual([]);
    expect(list.items.length).toBeLessThanOrEqual(64);
  },
);
