import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { conversation } from "../support/http1-attacker.ts";
import { Http1Harness } from "../support/http1-harness.ts";

const name = fc.stringMatching(/^x-[a-zA-Z0-9!#$%&'*+.^_`|~-]{0,20}$/);
const value = fc
  .stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,40}$/)
  .map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ""));
const path = fc.stringMatching(/^\/[!$-;=?-Z\\_a-z|~]{0,40}$/);
const chunk = fc.string({ minLength: 1, maxLength: 40, unit: "binary-ascii" });
const request = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "QUERY", "DELETE"),
  path,
  fields: fc.array(fc.tuple(name, value), { maxLength: 8 }),
  chunks: fc.array(chunk, { maxLength: 6 }),
  isChunked: fc.boolean(),
  /** Around values; extensions behind sizes. */
  blank: fc.constantFrom("", " ", " \t "),
  extension: fc.constantFrom("", ";a", ';a=b;c="d\\""'),
});

type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

function textOf({
  method,
  path: target,
  fields,
  chunks,
  isChunked,
  blank,
  extension,
}: Request): string {
  const body = chunks.join("");
  const lines = fields.map(([key, text]) => `${key}:${blank}${text}${blank}\r\n`).join("");
  const head = `${method} ${target} HTTP/1.1\r\nHost: a\r\n${lines}`;
  if (!isChunked) return `${head}content-length: ${body.length}\r\n\r\n${body}`;
  const coded = chunks.map((piece) => `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`);
  return `${head}transfer-encoding: chunked\r\n\r\n${coded.join("")}0\r\n\r\n`;
}

/** What a connection makes of input that comes in pieces of these sizes. */
async function served(input: Buffer, sizes: readonly number[]): Promise<Http1Harness> {
  const harness = new Http1Harness();
  for (let at = 0, index = 0; at < input.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    await harness.receive(input.subarray(at, at + size));
    at += size;
  }
  return harness;
}

/** What came out, but for invitations: a body that came with its head needs none. */
function answersOf({ output }: Http1Harness): string {
  return output.replaceAll("HTTP/1.1 100 Continue\r\n\r\n", "");
}

const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 });

test("sound requests are understood as they were meant, however they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 4 }),
      sizes,
      async (requests, cuts) => {
        const input = Buffer.from(requests.map(textOf).join(""), "latin1");
        const harness = await served(input, cuts);
        expect(harness.refusals).toEqual([]);
        expect(harness.requests.map((taken) => [taken.method, taken.path, taken.body])).toEqual(
          requests.map((sent) => [sent.method, sent.path, sent.chunks.join("")]),
        );
        const own = ({ fields }: { fields: readonly (readonly [string, string])[] }) =>
          fields.filter(([key]) => key.toLowerCase().startsWith("x-"));
        expect(harness.requests.map(own)).toEqual(
          requests.map(({ fields }) => fields.map(([key, text]) => [key.toLowerCase(), text])),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("any cut of any input gives the same requests, the same refusal and the same answers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), sizes, async (seed, cuts) => {
      const input = conversation(seededRng(seed));
      const [whole, cut] = [await served(input, [input.length]), await served(input, cuts)];
      expect(cut.requests).toEqual(whole.requests);
      expect(cut.refusals).toEqual(whole.refusals);
      expect(answersOf(cut)).toBe(answersOf(whole));
    }),
    { numRuns: 500 },
  );
});
