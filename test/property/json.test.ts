/** Whatever JSON comes, its message is the one that the library reads, or both refuse it. */

import { isDeepStrictEqual } from "node:util";
import { createRegistry, type DescMessage, fromJsonString, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Rng, seededRng } from "#core/rng.ts";
import { jsonLimits } from "#json/limits.ts";
import { unfit } from "#json/problem.ts";
import { JsonReader } from "#json/reader.ts";
import { Root } from "#json/root.ts";
import { JsonRun } from "#json/run.ts";
import { typePlans } from "#json/type-plan.ts";
import { messageTypes, outcomeOf, pick, randomMessage } from "../support/random-message.ts";
import { testProtos } from "../support/test-protos.ts";

const registry = createRegistry(...testProtos().files);
const types = messageTypes();
const cases = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  desc: fc.constantFrom(...types),
  ignoreUnknownFields: fc.boolean(),
});

/** A message as JSON; undefined for one that has none. */
function jsonOf(desc: DescMessage, rng: Rng): string | undefined {
  const written = outcomeOf(() =>
    toJsonString(desc, randomMessage(desc, { rng, oddShare: 0 }), {
      registry,
      useProtoFieldName: rng.next() < 0.5,
      alwaysEmitImplicit: rng.next() < 0.3,
      enumAsInteger: rng.next() < 0.3,
      prettySpaces: rng.next() < 0.2 ? 2 : 0,
    }),
  );
  return "value" in written ? written.value : undefined;
}

const pieces = [
  ...['"', "{", "}", "[", "]", ",", ":", "0", "1", "-", ".", "e", "\\", "a", " ", "\n"],
  ...["null", "true", '"a":1,', '"__proto__":{}', "{}", "[]", "\\u0041", "1e400", "NaN", '"1"'],
  ...["007", "1.0", "1e2", '"@type":"x"', "9007199254740993", "\t", "\u0001", "é", "𝄞"],
];

/** A text with some characters taken out, put in or replaced. */
function damagedText(text: string, rng: Rng): string {
  let damaged = text;
  const times = 1 + Math.floor(rng.next() * 2);
  for (let time = 0; time < times; time += 1) {
    const at = Math.floor(rng.next() * (damaged.length + 1));
    const cut = pick(rng, [0, 1, 1, 1 + Math.floor(rng.next() * 3)]);
    const piece = rng.next() < 0.7 ? pick(rng, pieces) : "";
    damaged = damaged.slice(0, at) + piece + damaged.slice(at + cut);
  }
  // What comes in is UTF-8, which has no halves of surrogate pairs.
  return damaged.toWellFormed();
}

/** What we refuse and the library takes, by our words. */
const stricter = [
  /half of a surrogate pair/,
  /expected base64/, // it reads 4n + 1 characters, and passes over a sign of padding in the middle
  /expected field paths/, // paths of anything
  /expected seconds such as/, // whatever follows the s
  /expected an RFC 3339 time/, // the 31st of April
  /expected an (unsigned )?integer of 64 bits/, // blanks, hexadecimals
  /expected a number/, // hexadecimals
  /a JSON value, its numbers within/, // infinity
  /expected a key that is an/, // 1., 1e2
];
/** What we take and the library refuses, by its words. */
const laxer = [
  /path names must be lowerCamelCase/,
  /out of range/, // a text such as "1e2" for a 64-bit integer
  /oneof set multiple times/, // one of them by null, which sets nothing
];

function isException(ours: { error?: string }, theirs: { error?: string }): boolean {
  if (ours.error !== undefined) return stricter.some((words) => words.test(ours.error ?? ""));
  return laxer.some((words) => words.test(theirs.error ?? ""));
}

function outcome(read: () => unknown): { value?: unknown; error?: string } {
  try {
    return { value: read() };
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function readersOf(desc: DescMessage, text: string, ignoreUnknownFields: boolean) {
  const options = { registry, ignoreUnknownFields };
  const ours = outcome(() => new JsonReader(options).readNow(desc, text));
  const theirs = outcome(() => fromJsonString(desc, text, options));
  return { ours, theirs };
}

test("the JSON of a message is read as the library reads it, property by property", () => {
  let read = 0;
  fc.assert(
    fc.property(cases, ({ seed, desc, ignoreUnknownFields }) => {
      const text = jsonOf(desc, seededRng(seed));
      if (text === undefined) return;
      const { ours, theirs } = readersOf(desc, text, ignoreUnknownFields);
      if ("value" in ours && "value" in theirs) {
        expect(isDeepStrictEqual(ours.value, theirs.value), text).toBe(true);
        read += 1;
      } else if ("value" in ours !== "value" in theirs) {
        expect(isException(ours, theirs), `${text}: ${ours.error} | ${theirs.error}`).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(1500);
});

test("damaged JSON is read or refused as the library does it, but where we are known to differ", () => {
  const seen = { read: 0, refused: 0 };
  fc.assert(
    fc.property(cases, ({ seed, desc, ignoreUnknownFields }) => {
      const rng = seededRng(seed);
      const text = damagedText(jsonOf(desc, rng) ?? "{}", rng);
      // The library keeps leading zeros of 64-bit integers that are texts and signs of integers that
      // are zero, and rounds integers of many digits.
      fc.pre(!/"-?0\d|"-\d+\.0+s|-0(?![.\d])|[:[,\s]-?\d{16}/.test(text));
      const { ours, theirs } = readersOf(desc, text, ignoreUnknownFields);
      if ("value" in ours && "value" in theirs) {
        expect(isDeepStrictEqual(ours.value, theirs.value), text).toBe(true);
        seen.read += 1;
      } else if (!("value" in ours || "value" in theirs)) {
        seen.refused += 1;
      } else {
        expect(isException(ours, theirs), `${text}: ${ours.error} | ${theirs.error}`).toBe(true);
      }
    }),
    { numRuns: 6000 },
  );
  expect(seen.read).toBeGreaterThan(300);
  expect(seen.refused).toBeGreaterThan(1000);
});

test("a text is read alike in slices of any length", () => {
  fc.assert(
    fc.property(cases, fc.integer({ min: 1, max: 9 }), ({ seed, desc }, chars) => {
      const rng = seededRng(seed);
      const whole = jsonOf(desc, rng) ?? "{}";
      const text = rng.next() < 0.5 ? whole : damagedText(whole, rng);
      const sliced = outcome(() => {
        const root = new Root(typePlans(false, () => ({})).message(desc));
        const run = new JsonRun(text, root, { ...jsonLimits, registry, ignoresUnknown: false });
        while (!run.advance(chars));
        if (typeof root.value !== "object") throw unfit("a JSON object");
        return root.value;
      });
      expect(sliced).toEqual(outcome(() => new JsonReader({ registry }).readNow(desc, text)));
    }),
    { numRuns: 1500 },
  );
});
