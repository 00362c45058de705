import { expect, test } from "vitest";
import { getOrCreate, memoizeByString } from "#core/get-or-create.ts";

test("a value is made once a key", () => {
  const map = new Map<string, number>();
  let made = 0;
  const make = () => ++made;
  expect([
    getOrCreate(map, "a", make),
    getOrCreate(map, "a", make),
    getOrCreate(map, "b", make),
  ]).toEqual([1, 1, 2]);
});

test("what a text gives is made once, of long texts and of more than a thousand every time", () => {
  const asked: string[] = [];
  const lengthOf = memoizeByString((text) => {
    asked.push(text);
    return text.length;
  });
  expect([lengthOf("abc"), lengthOf("abc"), asked.length]).toEqual([3, 3, 1]);
  const long = "x".repeat(257);
  expect([lengthOf(long), lengthOf(long), asked.length]).toEqual([257, 257, 3]);
  for (let index = 0; index < 2_000; index += 1) lengthOf(`text ${index}`);
  asked.length = 0;
  expect([
    lengthOf("abc"),
    lengthOf("text 0"),
    lengthOf("text 1999"),
    lengthOf("text 1999"),
  ]).toEqual([3, 6, 9, 9]);
  expect(asked).toEqual(["text 1999", "text 1999"]);
});

test("exactly 1,024 texts of exactly 256 characters are kept", () => {
  const asked: string[] = [];
  const keep = memoizeByString((text) => {
    asked.push(text);
    return text;
  });
  const texts = Array.from({ length: 1025 }, (_, index) => String(index).padStart(256));
  for (const text of texts) keep(text);
  asked.length = 0;
  for (const text of texts) keep(text);
  expect(asked).toEqual(texts.slice(1024));
});
