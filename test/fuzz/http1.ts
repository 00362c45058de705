/**
 * Feeds the HTTP/1.1 core with requests that are sound, bent and smuggled, for as long as asked:
 * whatever it takes node:http must take as the same request, however the bytes are cut, and nothing
 * is kept: `node -C source test/fuzz/http1.ts --seconds 60 [--seed n]`.
 */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { type Rng, seededRng } from "#core/rng.ts";
import { requestTargetOf } from "#http1/request-target.ts";
import { conversation } from "../support/http1-attacker.ts";
import { Http1Harness, type TakenRequest } from "../support/http1-harness.ts";
import { below } from "../support/http2-attacker.ts";
import { NodeHttpTaker } from "../support/node-http-taker.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const endMs = performance.now() + 1000 * Number(values.seconds);
const taker = new NodeHttpTaker();

/**
 * The bytes without the two things that the core takes and node:http does not, at the same length:
 * later minor versions, which count as 1.1 (RFC 9110 §2.5), and tabs around a length (§5.6.3).
 * Versions are replaced wherever they stand, since a bent request has them in fields and bodies,
 * and so that a field's value alone and the same value inside of a request become the same.
 */
function withoutLeniencies(text: string): string {
  return text
    .replaceAll(/ HTTP\/1\.[2-9]/g, " HTTP/1.1")
    .replaceAll(/^content-length:.*$/gim, (line) => line.replaceAll("\t", " "));
}

/** A request, whole or compared by what node:http was given. */
function comparable(request: TakenRequest): unknown {
  return JSON.parse(JSON.stringify(request), (_, value) =>
    typeof value === "string" ? withoutLeniencies(value) : value,
  );
}

/** What the core makes of the bytes, given in pieces. */
async function served(pieces: readonly Buffer[]): Promise<Http1Harness> {
  const harness = new Http1Harness();
  for (const piece of pieces) await harness.receive(piece);
  assert(harness.output.length < 4096, "an answer is small");
  assert(harness.refusals.length <= 1, "a connection is refused once");
  harness.connection.receiveEnd(0);
  await harness.settle();
  harness.connection.abort();
  assert.equal(harness.ends.length, harness.begun, "every exchange ends with its connection");
  assert.equal(harness.connection.hasOutput || harness.connection.hasInput, false);
  return harness;
}

function piecesOf(rng: Rng, bytes: Buffer): Buffer[] {
  if (rng.next() < 0.1) return Array.from(bytes, (byte) => Buffer.of(byte));
  const first = below(rng, bytes.length + 1);
  const second = first + below(rng, bytes.length - first + 1);
  return [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
}

/** One conversation; returns how many requests both took. */
async function attack(rng: Rng): Promise<number> {
  const bytes = conversation(rng);
  const whole = await served([bytes]);
  const cut = await served(piecesOf(rng, bytes).filter(({ length }) => length > 0));
  assert.deepEqual(cut.requests, whole.requests, "cuts change nothing");
  assert.deepEqual(cut.refusals, whole.refusals, "cuts change no refusal");
  if (whole.requests.length === 0) return 0;
  const sent = Buffer.from(withoutLeniencies(bytes.toString("latin1")), "latin1");
  const theirs = await taker.take(sent);
  for (const [index, ours] of whole.requests.entries()) {
    const other = theirs[index];
    assert(other !== undefined, `node:http does not take request ${index}`);
    const { target: path } = requestTargetOf(other.path);
    assert.deepEqual(comparable(ours), comparable({ ...other, path }));
    // node:http forgets what came in one piece with an offer that it passes over.
    if (ours.fields.some(([name]) => name === "upgrade")) break;
  }
  return whole.requests.length;
}

let requests = 0;
let attacks = 0;
while (performance.now() < endMs) {
  const attackSeed = (seed + attacks) >>> 0;
  try {
    requests += await attack(seededRng(attackSeed));
  } catch (error) {
    console.error(
      `seed ${attackSeed}: ${JSON.stringify(conversation(seededRng(attackSeed)).toString("latin1"))}`,
    );
    throw error;
  }
  attacks += 1;
}
console.log(
  `http1: ${requests} requests in ${attacks} conversations from seed ${seed}, all as node:http takes them`,
);
