import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamSlots } from "#http2/stream-slots.ts";

test("whatever comes and goes, it holds what a Map holds", () => {
  const step = fc.record({ id: fc.nat({ max: 64 }), adds: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const slots = new StreamSlots<{ id: number }>();
      const map = new Map<number, { id: number }>();
      for (const { id, adds } of steps) {
        if (!adds) {
          slots.delete(id);
          map.delete(id);
        } else if (!map.has(id)) {
          const stream = { id };
          slots.add(stream);
          map.set(id, stream);
        }
        expect(slots.size).toBe(map.size);
        for (let other = 0; other <= 64; other += 1) {
          expect(slots.get(other)).toBe(map.get(other));
        }
        expect(new Set(slots.values())).toEqual(new Set(map.values()));
      }
    }),
  );
});

test("identifiers that all fall on one slot are told apart", () => {
  const slots = new StreamSlots<{ id: number }>();
  const ids = Array.from({ length: 300 }, (_, index) => index * 2 ** 20 + 1);
  for (const id of ids) slots.add({ id });
  for (const id of ids.filter((_, index) => index % 3 === 0)) slots.delete(id);
  for (const [index, id] of ids.entries()) {
    expect(slots.get(id)?.id).toBe(index % 3 === 0 ? undefined : id);
  }
});

test("one that is empty finds nothing and loses nothing", () => {
  const slots = new StreamSlots<{ id: number }>();
  slots.delete(1);
  expect([slots.get(1), slots.size, slots.values()]).toEqual([undefined, 0, []]);
});
