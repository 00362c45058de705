/** However the bytes of a streamed body are cut, its messages are the same. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonItemsFrom, jsonLinesFrom, StreamProgress } from "#rest/json-stream.ts";
import { outcomeOf } from "../support/random-message.ts";

const values = fc.array(fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" }), { maxLength: 6 });
const cuts = fc.array(fc.nat(400), { maxLength: 8 });
const space = fc.constantFrom("", " ", "\n", "\t \r\n");

async function* cut(text: string, at: readonly number[]): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  const bounds = [...at, bytes.length]
    .filter((bound) => bound <= bytes.length)
    .sort((a, b) => a - b);
  let from = 0;
  for (const bound of bounds) {
    yield bytes.subarray(from, bound);
    from = bound;
  }
}

async function parsed(pieces: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const piece of pieces) all.push(JSON.parse(Buffer.from(piece).toString()));
  return all;
}

test("an array's items come out whole", async () => {
  await fc.assert(
    fc.asyncProperty(values, cuts, space, async (items, at, gap) => {
      const text = `${gap}[${items.map((item) => gap + JSON.stringify(item)).join(`${gap},`)}${gap}]${gap}`;
      const out = await parsed(jsonItemsFrom(cut(text, at), 1e6, new StreamProgress()));
      expect(out).toEqual(JSON.parse(text));
    }),
  );
});

/** One bracket, brace, comma or quote more, less, or another in its place. */
function broken(text: string, at: number, piece: string): string {
  const marks = [...text.matchAll(/[[\]{},":]/g)].map(({ index }) => index);
  const place = marks[at % marks.length] ?? 0;
  return text.slice(0, place) + piece + text.slice(place + (at % 2));
}

test("what is no array is never taken for one: its items, or the rest, are refused", async () => {
  let refused = 0;
  const piece = fc.constantFrom("", "[", "]", "{", "}", ",", ":", '"', "{}", "[]");
  await fc.assert(
    fc.asyncProperty(values, cuts, fc.nat(1000), piece, async (items, cutAt, at, put) => {
      const text = broken(JSON.stringify(items), at, put);
      const expected = outcomeOf(() => {
        const value: unknown = JSON.parse(text);
        if (!Array.isArray(value)) throw new SyntaxError("no array");
        return value;
      });
      const out = await parsed(jsonItemsFrom(cut(text, cutAt), 1e6, new StreamProgress())).catch(
        () => "refused",
      );
      expect(out, text).toEqual("value" in expected ? expected.value : "refused");
      if (out === "refused") refused += 1;
    }),
    { numRuns: 2000 },
  );
  expect(refused).toBeGreaterThan(200);
});

test("lines come out whole", async () => {
  await fc.assert(
    fc.asyncProperty(
      values,
      cuts,
      fc.constantFrom("\n", "\r\n", "\n\n"),
      async (items, at, end) => {
        const text = items.map((item) => JSON.stringify(item) + end).join("");
        const out = await parsed(jsonLinesFrom(cut(text, at), 1e6, new StreamProgress()));
        expect(out).toEqual(JSON.parse(JSON.stringify(items)));
      },
    ),
  );
});

test("it is known between which bytes a value is whole, and how many there were", async () => {
  const seen = async (read: typeof jsonLinesFrom, pieces: readonly string[]) => {
    const progress = new StreamProgress();
    const states: (readonly [number, boolean])[] = [];
    async function* chunks() {
      for (const piece of pieces) {
        yield Buffer.from(piece);
        states.push([progress.messages, progress.isBetween]);
      }
    }
    for await (const _ of read(chunks(), 100, progress));
    return states;
  };
  expect(await seen(jsonLinesFrom, ['{"a"', ":1}", "\n", "{}\n\n", "1\n2"])).toEqual([
    [0, false],
    [0, false],
    [1, true],
    [2, true],
    [3, false],
  ]);
  expect(await seen(jsonItemsFrom, ["[", '{"a":', "1}", ",", '"]"', ", 3]"])).toEqual([
    [0, true],
    [0, false],
    [0, true],
    [1, true],
    [1, true],
    [3, true],
  ]);
});
