import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseVectors } from "#backends/llm/vector-json.ts";
import { createTurns, type Turns } from "#core/turns.ts";

const free: Turns = { next: () => undefined, later: async () => {} };
const bytesOf = (text: string) => Buffer.from(text);
const parse = (text: string) => parseVectors(bytesOf(text), free);
/** Makes a text too long to be parsed at once. */
const long = (text: string) => text + " ".repeat(65_536);

describe("a text with vectors", () => {
  test("is what JSON.parse makes of it, however its lists and strings nest", async () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
        fc.array(fc.integer()),
        fc.string({ unit: "binary" }).filter((text) => !text.startsWith("\0")),
        fc.string().map((text) => text.repeat(400)),
        fc.constantFrom(null, true, "[1,2]", 'a"[1]\\"', "é".repeat(2_000)),
        fc.array(tie("any")),
        fc.dictionary(fc.string(), tie("any")),
      ),
    })).any;
    await fc.assert(
      fc.asyncProperty(value, fc.constantFrom(undefined, 1), async (written, indent) => {
        const text = JSON.stringify(written, undefined, indent);
        expect(await parse(long(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ["nothing", ""],
    ["a list without an end", "[1,2"],
    ["a list of half a number", '{"a":[1,2.]}'],
    ["signs alone", "[+,-]"],
    ["a string without an end", '{"a":"xx'],
    ["words", "<html>"],
  ])("is refused when it is %s", async (_name, text) => {
    for (const one of [text, long(text)]) {
      await expect(parse(one)).rejects.toMatchObject({
        rawMessage: expect.stringContaining("no JSON"),
      });
    }
  });

  test("gives others their turn after each vector, and while it looks for one", async () => {
    let asked = 0;
    const counted: Turns = {
      ...free,
      next() {
        asked += 1;
        return undefined;
      },
    };
    const vector = `[${Array(1_000).fill("0.123456789").join()}]`;
    await parseVectors(bytesOf(`[${Array(100).fill(vector).join()}]`), counted);
    expect(asked).toBeGreaterThanOrEqual(100);
    asked = 0;
    await parseVectors(bytesOf(`[1${" ".repeat(1_500_000)}]${" ".repeat(2_000_000)}`), counted);
    expect(asked).toBeGreaterThanOrEqual(4);
  });

  test("waits for its turn", async () => {
    let calls = 0;
    const nowMs = () => {
      calls += 5;
      return calls;
    };
    const turns = createTurns({ nowMs });
    const vector = `[${Array(1_000).fill("0.5").join()}]`;
    let others = 0;
    const beat = setInterval(() => {
      others += 1;
    }, 0);
    await parseVectors(bytesOf(`[${Array(50).fill(vector).join()}]`), turns);
    clearInterval(beat);
    expect(others).toBeGreaterThan(0);
  });
});

describe("bounds of a text", () => {
  test("one vector of more than 2 MiB is refused, one below is not", async () => {
    const vector = (bytes: number) => `[${"1".padEnd(bytes, " ")}]`;
    expect(await parse(vector(2_000_000))).toEqual([1]);
    await expect(parse(vector(2_100_000))).rejects.toMatchObject({
      rawMessage: expect.stringContaining("2097152 bytes"),
    });
  });

  test("4 MiB beside the vectors are the most", async () => {
    const text = `[${"[],".repeat(1_000_000)}[]]`;
    expect((await parse(text)) as unknown[]).toHaveLength(1_000_001);
    const more = parse(`[${"[],".repeat(1_500_000)}[]]`);
    await expect(more).rejects.toMatchObject({
      rawMessage: expect.stringContaining("4194304 bytes"),
    });
  });

  test("lists that only begin like vectors are looked through once", async () => {
    const text = "[1,".repeat(1_000_000);
    await expect(parse(text)).rejects.toMatchObject({
      rawMessage: expect.stringContaining("no JSON"),
    });
  });
});
