/** However the bytes of a streamed body are cut, its messages are the same. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonItemsFrom, jsonLinesFrom, StreamProgress } from "#rest/json-stream.ts";

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

async function parsed(texts: AsyncIterable<string>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const text of texts) all.push(JSON.parse(text));
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
