import { expect, test } from "vitest";
import { BufferPool, giveBack, isLent, retain } from "#core/buffer-pool.ts";

const slabBytes = 1024;

/** A view of so many bytes, all of one value. */
function lent(memory: BufferPool, bytes: number, value: number): Buffer {
  const { at } = memory.withRoom(bytes);
  return memory.lend(at, at + bytes).fill(value);
}

test("views that are out do not share a byte, whatever was given back meanwhile", () => {
  const memory = new BufferPool(slabBytes);
  const out: { view: Buffer; value: number }[] = [];
  for (let count = 0; count < 2000; count += 1) {
    const value = count % 251;
    out.push({ view: lent(memory, 1 + ((count * 37) % 400), value), value });
    if (count % 3 === 0) giveBack(out.splice((count * 7) % out.length, 1)[0]?.view as Buffer);
    if (count % 500 === 499) for (const { view } of out.splice(0)) giveBack(view);
    for (const { view, value } of out) expect(view.every((byte) => byte === value)).toBe(true);
  }
});

test("a slab is used again once all of its views are back, and not before", () => {
  const memory = new BufferPool(slabBytes);
  const [first, second] = [lent(memory, 600, 1), lent(memory, 400, 2)];
  giveBack(first);
  const third = lent(memory, 600, 3);
  expect(third.buffer).not.toBe(first.buffer);
  giveBack(second);
  lent(memory, 400, 4);
  expect(lent(memory, 600, 5).buffer).toBe(first.buffer);
});

test("the slab in use begins anew when nothing of it is out", () => {
  const memory = new BufferPool(slabBytes);
  const first = lent(memory, 900, 1);
  giveBack(first);
  expect(lent(memory, 900, 2).buffer).toBe(first.buffer);
});

test("a view counts once, however often it is given back", () => {
  const memory = new BufferPool(slabBytes);
  const [first, second] = [lent(memory, 300, 1), lent(memory, 300, 2)];
  giveBack(first);
  giveBack(first);
  const third = lent(memory, 300, 3);
  expect([second[0], third[0]]).toEqual([2, 3]);
  expect(third.byteOffset).not.toBe(first.byteOffset);
});

test("a view that two have taken over is lent no more, and its memory not used again", () => {
  const memory = new BufferPool(slabBytes);
  const [shared, other] = [lent(memory, 500, 1), lent(memory, 400, 2)];
  retain(other);
  retain(shared);
  expect(isLent(shared)).toBe(true);
  retain(shared);
  for (const view of [shared, other, shared]) giveBack(view);
  expect(isLent(shared)).toBe(false);
  for (let count = 0; count < 5; count += 1) lent(memory, 900, 3);
  expect(shared.every((byte) => byte === 1)).toBe(true);
});

test("what was not lent is let be, parts of a view included", () => {
  const memory = new BufferPool(slabBytes);
  const view = lent(memory, 900, 1);
  retain(Buffer.alloc(10));
  giveBack(Buffer.alloc(10));
  giveBack(view.subarray(0, 100));
  expect(lent(memory, 900, 2).buffer).not.toBe(view.buffer);
});

test("no more than 4 MiB of slabs wait for use", () => {
  const bytes = 1 << 20;
  const memory = new BufferPool(bytes);
  const views = Array.from({ length: 12 }, () => lent(memory, bytes, 1));
  const before = new Set(views.map(({ buffer }) => buffer));
  for (const view of views) giveBack(view);
  const again = Array.from({ length: 12 }, () => lent(memory, bytes, 2).buffer);
  // The slab in use is one more.
  expect(again.filter((buffer) => before.has(buffer))).toHaveLength(4 + 1);
});
