/**
 * Feeds the HTTP/2 core with bytes and frames that no RFC allows, for as long as asked, and checks
 * what must hold whatever comes: `node -C source test/fuzz/http2.ts --seconds 60 [--seed n]`.
 */

import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { ByteBudget, bufferBytesMaxDefault } from "#core/byte-budget.ts";
import { type Rng, seededRng } from "#core/rng.ts";
import { Connection } from "#http2/connection.ts";
import type { ConnectionHandler } from "#http2/connection-handler.ts";
import { clientPreface } from "#http2/frames.ts";
import { defaultLimits } from "#http2/limits.ts";
import { SlabPool } from "#http2/output.ts";
import { Stream } from "#http2/stream.ts";
import { Attacker, below } from "../support/http2-attacker.ts";
import { frameOf } from "../support/http2-peers.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const endMs = performance.now() + 1000 * Number(values.seconds);

/** Outputs may hold this much of what one input provoked. */
const outputBytesMax = 4 * 1024 * 1024;
const slabs = new SlabPool();
/** Shared by all targets, one after the other: each has to leave nothing. One is nearly always full. */
const budgets = [bufferBytesMaxDefault, 200_000, 20_000].map(
  (bytesMax) => new ByteBudget(bytesMax),
);
/** A connection under attack, and what was seen of it. */
class Target {
  readonly connection: Connection<Stream>;
  /** Streams that it has opened itself. */
  opened = 0;
  readonly #open = new Set<Stream>();
  readonly #rng: Rng;
  readonly #isServer: boolean;
  readonly #buffers: ByteBudget;

  constructor(rng: Rng, isServer: boolean) {
    this.#rng = rng;
    this.#isServer = isServer;
    const buffers = budgets[below(rng, budgets.length)];
    assert(buffers !== undefined);
    this.#buffers = buffers;
    const handler: ConnectionHandler<Stream> = {
      createStream: (id) => new Stream(id),
      onHead: (stream) => {
        if (isServer) {
          assert(!this.#open.has(stream), "a request is announced once");
          this.#open.add(stream);
        } else {
          assert(this.#open.has(stream), "a response belongs to an open stream");
        }
        this.#act(stream);
      },
      onData: (stream, payload) => {
        assert(this.#open.has(stream), "data belongs to an open stream");
        assert(payload.length > 0);
        const dice = rng.next();
        if (dice < 0.5) {
          this.connection.consume(stream, payload.length);
        } else if (dice < 0.7) {
          this.connection.keep(stream, payload.length);
          if (dice < 0.6) this.connection.understand(stream, 1, payload.length);
        } else if (dice < 0.8) {
          this.connection.drop(stream, payload.length);
        }
        this.#act(stream);
        return dice < 0.9;
      },
      onRefusedHead: (stream, { status, message }) => {
        assert(isServer && !this.#open.has(stream), "a refused head opens a stream");
        this.#open.add(stream);
        this.connection.respond(stream, status, [], false);
        this.connection.data(stream, Buffer.from(message), true);
      },
      onEnd: (stream) => {
        assert(this.#open.has(stream) && stream.remoteEnded, "an end belongs to an open stream");
        this.#act(stream);
      },
      onClose: (stream) => {
        assert(this.#open.delete(stream), "a stream closes once");
        assert(stream.closed && stream.queuedBytes === 0);
      },
      onWritable: (stream) => this.#act(stream),
      onRefusal: (stream) => this.connection.reset(stream, 11),
      onSettings: () => {},
      onGoaway: () => {},
      onOutput: () => {},
    };
    this.connection = new Connection({
      role: isServer ? "server" : "client",
      limits: { ...defaultLimits, streamWindowBytes: 30_000 },
      handler,
      slabs,
      buffers,
      heldBytesMax: buffers.bytesMax / 2,
      nowMs: 0,
    });
  }

  /** What an owner may do at any moment, some of it too late or twice. */
  #act(stream: Stream): void {
    const rng = this.#rng;
    const dice = rng.next();
    if (!stream.headSent) {
      if (dice < 0.5) this.connection.respond(stream, 200, [["a", "b"]], dice < 0.1);
      return;
    }
    if (dice < 0.6) this.connection.data(stream, Buffer.alloc(below(rng, 40_000)), dice < 0.4);
    else if (dice < 0.7) this.connection.trailers(stream, [["grpc-status", "0"]]);
    else if (dice < 0.75) this.connection.reset(stream, 8);
  }

  open(): void {
    if (this.#isServer || this.connection.openable === 0) return;
    const head = { method: "POST", scheme: "http", authority: "a", path: "/" };
    const stream = this.connection.openStream(head, [], false);
    this.opened += 1;
    this.#open.add(stream);
    this.#act(stream);
  }

  /** What a socket's driver does beside reading and writing. */
  relieve(): void {
    if (this.#rng.next() < 0.3) this.connection.blocked(below(this.#rng, 3000));
    this.connection.relieve();
  }

  check(): void {
    assert(this.connection.openStreams <= this.#open.size);
    if (this.connection.failure === undefined) {
      assert.equal(this.connection.openStreams, this.#open.size);
    }
    for (const stream of this.#open) {
      assert(stream.sendWindow <= 0x7fff_ffff, "a send window stays below 2^31");
      assert(stream.receiveOpen >= 0, "a peer never has sent more than its window");
      assert(stream.receiveOwed >= 0 && stream.queuedBytes >= 0);
      assert(stream.heldBytes >= 0 && stream.unreadBytes >= 0, "nothing is given back twice");
    }
    const bytes = this.connection.takeOutput(1 << 16).reduce((sum, chunk) => sum + chunk.length, 0);
    assert(bytes < outputBytesMax, `one input provoked ${bytes} bytes`);
  }

  finish(): void {
    this.connection.abort();
    assert.equal(this.#open.size, 0, "every stream ends with its connection");
    assert.equal(this.connection.openStreams, 0);
    assert.equal(this.#buffers.heldBytes, 0, "what was held is given up with its connection");
    assert.equal(this.#buffers.holders.heldBytes, 0);
    assert.equal(this.#buffers.holders.size, 0);
  }
}

/** One conversation; returns how many inputs it took. */
function attack(rng: Rng): number {
  const isServer = rng.next() < 0.6;
  const target = new Target(rng, isServer);
  const first = isServer ? clientPreface : Buffer.alloc(0);
  const greeting = Buffer.concat([
    first,
    frameOf(4, 0, 0, Buffer.alloc(0)),
    frameOf(4, 1, 0, Buffer.alloc(0)),
  ]);
  if (rng.next() < 0.98) target.connection.receive(greeting, 0);
  const attacker = new Attacker(rng, isServer);
  let nowMs = 0;
  let inputs = 0;
  const inputsMax = 5 + below(rng, 300);
  while (inputs < inputsMax && target.connection.failure === undefined) {
    inputs += 1;
    nowMs += below(rng, 50);
    if (rng.next() < 0.2) target.open();
    const bytes = attacker.next(target.opened);
    const cut = rng.next() < 0.3 ? below(rng, bytes.length) : bytes.length;
    target.connection.receive(bytes.subarray(0, cut), nowMs);
    target.connection.receive(bytes.subarray(cut), nowMs);
    while (target.connection.hasInput) {
      target.check();
      target.connection.readOn(nowMs);
    }
    if (rng.next() < 0.05) target.connection.tick(nowMs);
    if (rng.next() < 0.2) target.relieve();
    if (rng.next() < 0.002) target.connection.drain("fuzz");
    if (rng.next() < 0.5) target.check();
  }
  target.finish();
  return inputs;
}

let inputs = 0;
let attacks = 0;
while (performance.now() < endMs) {
  const attackSeed = (seed + attacks) >>> 0;
  try {
    inputs += attack(seededRng(attackSeed));
  } catch (error) {
    console.error(`seed ${attackSeed}`);
    throw error;
  }
  attacks += 1;
}
console.log(
  `http2: ${inputs} inputs in ${attacks} conversations from seed ${seed}, none against the invariants`,
);
