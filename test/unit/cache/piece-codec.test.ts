/** Responses as bytes that other gateways read: what was written comes back, and nothing else is read. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Piece } from "#cache/piece.ts";
import { decodePieces, encodePieces } from "#cache/piece-codec.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const text = fc.string({ unit: "grapheme", maxLength: 10 });
const pieces = fc.array(
  fc.record({
    message: bytes,
    words: fc.option(fc.record({ bytes, isFailure: fc.boolean() }), { nil: undefined }),
    headers: fc.option(fc.array(fc.tuple(text, text), { maxLength: 3 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** As it was meant: what is absent and what is empty are the same. */
function plain({
  message,
  words,
  headers,
}: (typeof pieces extends fc.Arbitrary<infer T> ? T : never)[0]): Piece {
  return {
    message,
    ...(words === undefined
      ? {}
      : { words: { bytes: words.bytes, ...(words.isFailure && { isFailure: true }) } }),
    ...(headers === undefined || headers.length === 0 ? {} : { headers }),
  };
}

test("what was written comes back, in bytes of its own", () => {
  fc.assert(
    fc.property(pieces, (some) => {
      const meant = some.map(plain);
      const written = encodePieces(meant);
      const read = decodePieces(written);
      expect(read).toEqual(meant);
      written.fill(0);
      expect(read).toEqual(meant);
    }),
  );
});

test("what was cut, or is of another version, is not read", () => {
  fc.assert(
    fc.property(pieces, fc.nat(), (some, where) => {
      const written = encodePieces(some.map(plain));
      const lengths = new Set(
        some.map((_, index) => encodePieces(some.slice(0, index + 1).map(plain)).length),
      );
      const cut = where % written.length;
      // Cut between two pieces it is whole, as far as can be seen.
      fc.pre(!lengths.has(cut));
      expect(decodePieces(written.subarray(0, cut))).toBeUndefined();
      written[0] = 2;
      expect(decodePieces(written)).toBeUndefined();
    }),
  );
});

test("any bytes are read or not, and lengths that are not there take no memory", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (some) => {
      const read = decodePieces(Uint8Array.of(1, ...some));
      const held = (read ?? []).reduce((sum, { message }) => sum + message.length, 0);
      expect(held).toBeLessThanOrEqual(some.length);
    }),
  );
  const huge = Uint8Array.of(1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);
  expect(decodePieces(huge)).toBeUndefined();
  expect(decodePieces(Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff))).toBeUndefined();
});
