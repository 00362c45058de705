/** Whatever a message holds, its bytes are the library's; whatever bytes come, they are read by the specification. */

import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Rng, seededRng } from "#core/rng.ts";
import { creatorOf } from "#protobuf/creator.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import {
  damaged,
  isReadAlike,
  isReadByTheBook,
  messageTypes,
  outcomeOf,
  randomInit,
  randomMessage,
} from "../support/random-message.ts";

const types = messageTypes();
const cases = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  desc: fc.constantFrom(...types),
});

for (const [name, oddShare] of [
  ["of its type", 0],
  ["partly of another", 0.03],
] as const) {
  test(`a message ${name} has the library's bytes behind its headroom, or its error`, () => {
    let refused = 0;
    fc.assert(
      fc.property(cases, fc.nat(9), ({ seed, desc }, headroomBytes) => {
        const message = randomMessage(desc, { rng: seededRng(seed), oddShare });
        const ours = outcomeOf(() => {
          const bytes = encoderOf(desc)(message, headroomBytes).subarray(headroomBytes);
          return bytes.toString("hex");
        });
        const theirs = outcomeOf(() => Buffer.from(toBinary(desc, message)).toString("hex"));
        expect(ours).toEqual(theirs);
        if ("error" in theirs) refused += 1;
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(50);
  });
}

/** Bytes of a message, or of two that are merged; undefined for one that lacks a required field. */
function bytesOf(desc: DescMessage, rng: Rng): Uint8Array | undefined {
  const encoded = outcomeOf(() => {
    const one = () => toBinary(desc, randomMessage(desc, { rng, oddShare: 0 }));
    return rng.next() < 0.3 ? Buffer.concat([one(), one()]) : one();
  });
  return "value" in encoded ? encoded.value : undefined;
}

test("bytes of a message are read as the library reads them, property by property", () => {
  fc.assert(
    fc.property(cases, ({ seed, desc }) => {
      const bytes = bytesOf(desc, seededRng(seed));
      return bytes === undefined || (isReadAlike(desc, bytes) && isReadByTheBook(desc, bytes));
    }),
    { numRuns: 3000 },
  );
});

test("bytes that end too early are read or refused as the specification says", () => {
  fc.assert(
    fc.property(cases, ({ seed, desc }) => {
      const bytes = bytesOf(desc, seededRng(seed)) ?? Buffer.alloc(0);
      for (let end = 0; end < Math.min(bytes.length, 300); end += 1) {
        if (!isReadByTheBook(desc, bytes.subarray(0, end))) return false;
      }
      return true;
    }),
    { numRuns: 300 },
  );
});

test("damaged bytes are read or refused as the specification says", () => {
  fc.assert(
    fc.property(cases, ({ seed, desc }) => {
      const rng = seededRng(seed);
      const bytes = bytesOf(desc, rng);
      return bytes === undefined || isReadByTheBook(desc, damaged(bytes, rng));
    }),
    { numRuns: 20_000 },
  );
});

for (const [name, oddShare] of [
  ["of their types", 0],
  ["partly of others", 0.03],
] as const) {
  test(`a message is made of fields ${name} as the library makes it`, () => {
    fc.assert(
      fc.property(cases, ({ seed, desc }) => {
        const rng = seededRng(seed);
        const init = randomInit(randomMessage(desc, { rng, oddShare }), rng) as Record<
          string,
          unknown
        >;
        const ours = outcomeOf(() => creatorOf(desc)(init));
        expect(ours).toStrictEqual(outcomeOf(() => create(desc, init)));
      }),
      { numRuns: 3000 },
    );
  });
}
