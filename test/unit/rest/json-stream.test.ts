/** Lines of JSON are cut out of a body wherever its pieces end, and none is longer than a message may be. */

import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { jsonItemsFrom, jsonLinesFrom, StreamProgress } from "#rest/json-stream.ts";

async function* bodyOf(pieces: readonly string[]) {
  for (const piece of pieces) yield Buffer.from(piece);
}

/** What is cut out of a body, or why it is refused. */
async function cut(split: typeof jsonLinesFrom, pieces: readonly string[], bytesMax: number) {
  const texts: string[] = [];
  try {
    for await (const bytes of split(bodyOf(pieces), bytesMax, new StreamProgress())) {
      texts.push(Buffer.from(bytes).toString());
    }
  } catch (thrown) {
    texts.push(`${reasonOf(faultFrom(thrown))}`);
  }
  return texts;
}

/** The text in one piece, in two of every length, and in bytes. */
const cuts = (text: string): string[][] => [
  [text],
  ...Array.from({ length: text.length - 1 }, (_, at) => [
    text.slice(0, at + 1),
    text.slice(at + 1),
  ]),
  [...text],
];

test("as many bytes as a message may have are a line, wherever it stands and the pieces end", async () => {
  for (const pieces of cuts("12345\n12345\n\n12345")) {
    expect(await cut(jsonLinesFrom, pieces, 5), pieces.join("|")).toEqual(Array(3).fill("12345"));
  }
});

test("one byte more is refused, wherever the pieces end", async () => {
  for (const pieces of cuts("1\n123456\n1")) {
    expect(await cut(jsonLinesFrom, pieces, 5), pieces.join("|")).toEqual(["1", "BODY_TOO_LARGE"]);
  }
});

test("items of a list have the same bound", async () => {
  for (const pieces of cuts("[12345,12345]")) {
    expect(await cut(jsonItemsFrom, pieces, 5), pieces.join("|")).toEqual(["12345", "12345"]);
  }
  for (const pieces of cuts("[1,123456,1]")) {
    expect(await cut(jsonItemsFrom, pieces, 5), pieces.join("|")).toEqual(["1", "BODY_TOO_LARGE"]);
  }
});
