/** Whatever a message holds, it is written as the library writes it, or refused in its words. */

import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import { messageTypes, outcomeOf, randomMessage } from "../support/random-message.ts";

const types = messageTypes();
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

for (const [name, oddShare] of [
  ["of its type", 0],
  ["partly of another", 0.03],
] as const) {
  test(`a message ${name} has the library's bytes behind its headroom, or its error`, () => {
    let refused = 0;
    fc.assert(
      fc.property(seeds, fc.constantFrom(...types), fc.nat(9), (seed, desc, headroomBytes) => {
        const message = randomMessage(desc, { rng: seededRng(seed), oddShare });
        const ours = outcomeOf(() => {
          const bytes = encoderOf(desc)(message, headroomBytes).subarray(headroomBytes);
          return Buffer.from(bytes).toString("hex");
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
