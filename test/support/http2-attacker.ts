/** A peer that mostly keeps to the rules of HTTP/2, and sometimes breaks one. */

import type { Rng } from "#core/rng.ts";
import type { FieldList } from "#http2/stream.ts";
import { blockOf, frameOf, number32, requestFields, settingsOf } from "./http2-peers.ts";

const blocks = [
  requestFields,
  [[":status", "200"]],
  [[":status", "100"]],
  [["grpc-status", "0"]],
  [...requestFields, ["content-length", "3"]],
  [["Bad Name", "\r\n"]],
].map((fields) => blockOf(fields as FieldList));

/** A whole number below `limit`. */
export function below(rng: Rng, limit: number): number {
  return Math.floor(rng.next() * limit);
}

function noise(rng: Rng, bytesMax: number): Buffer {
  return Buffer.from(Array.from({ length: below(rng, bytesMax) }, () => below(rng, 256)));
}

/** A payload that suits a type more often than not. */
function payloadFor(rng: Rng, type: number): Buffer {
  if (rng.next() < 0.1) return noise(rng, 40);
  switch (type) {
    case 1:
    case 9: {
      const block = blocks[below(rng, blocks.length)] ?? Buffer.alloc(0);
      return rng.next() < 0.1 ? block.subarray(0, below(rng, block.length)) : block;
    }
    case 2:
      return Buffer.alloc(5, below(rng, 4));
    case 3:
      return number32(below(rng, 16));
    case 4:
      return settingsOf([
        below(rng, 10),
        rng.next() < 0.5 ? below(rng, 70_000) : 2 ** 32 * rng.next(),
      ]);
    case 6:
      return Buffer.alloc(8, below(rng, 256));
    case 7:
      return Buffer.concat([number32(below(rng, 20)), number32(below(rng, 14))]);
    case 8:
      return number32(rng.next() < 0.8 ? below(rng, 100_000) : 2 ** 31 * rng.next());
    default:
      return rng.next() < 0.05 ? Buffer.alloc(below(rng, 17_000)) : noise(rng, 60);
  }
}

const usualTypes = [0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 6, 7, 8, 8, 9];
const usualFlags = [0, 1, 4, 4, 5, 5, 5, 8, 0x20, 0x24, 0x25];

/** A frame of any kind on any stream. */
function wildFrame(rng: Rng): Buffer {
  const type =
    rng.next() < 0.97 ? (usualTypes[below(rng, usualTypes.length)] ?? 0) : below(rng, 256);
  const flags =
    rng.next() < 0.95 ? (usualFlags[below(rng, usualFlags.length)] ?? 0) : below(rng, 256);
  const onConnection = type === 4 || type === 6 || type === 7 || (type === 8 && rng.next() < 0.5);
  const id = onConnection && rng.next() < 0.97 ? 0 : 1 + 2 * below(rng, 12);
  return frameOf(type, type === 4 || type === 6 ? flags & 1 : flags, id, payloadFor(rng, type));
}

/** Inputs for a connection; most are right, so that conversations last. */
export class Attacker {
  readonly #rng: Rng;
  readonly #isClient: boolean;
  /** Share of what it sends that breaks rules. */
  readonly #wildness: number;
  #nextId = 1;

  constructor(rng: Rng, isClient: boolean) {
    this.#rng = rng;
    this.#isClient = isClient;
    this.#wildness = [0.002, 0.02, 0.3][below(rng, 3)] ?? 0;
  }

  /** The next input, for a target that has opened `opened` streams. */
  next(opened: number): Buffer {
    const rng = this.#rng;
    if (rng.next() < this.#wildness) {
      const bytes = rng.next() < 0.9 ? wildFrame(rng) : noise(rng, 100);
      if (rng.next() < 0.3) bytes[below(rng, bytes.length)] = below(rng, 256);
      return bytes;
    }
    const streams = this.#isClient ? (this.#nextId - 1) / 2 : opened;
    const id = 1 + 2 * Math.max(0, streams - 1 - below(rng, 6));
    const dice = rng.next();
    if (this.#isClient && (streams === 0 || dice < 0.25)) {
      this.#nextId += 2;
      return this.#headers(this.#nextId - 2, requestFields, dice < 0.1 ? 1 : 0);
    }
    if (streams === 0 || dice > 0.9) return frameOf(6, 0, 0, Buffer.alloc(8));
    if (dice < 0.35) {
      const fields: FieldList = this.#isClient ? [["a", "b"]] : [[":status", "200"]];
      return this.#headers(id, fields, this.#isClient || dice < 0.3 ? 1 : 0);
    }
    if (dice < 0.7) {
      const body = Buffer.alloc(below(rng, dice < 0.4 ? 16_000 : 400) + 1);
      return frameOf(0, dice < 0.45 ? 1 : 0, id, body);
    }
    if (dice < 0.85) {
      return frameOf(8, 0, dice < 0.78 ? id : 0, number32(1 + below(rng, 40_000)));
    }
    if (dice < 0.87) return frameOf(3, 0, id, number32(8));
    return frameOf(4, 0, 0, settingsOf([4, below(rng, 70_000)], [1, below(rng, 5000)]));
  }

  #headers(id: number, fields: FieldList, endFlag: number): Buffer {
    const block = blockOf(fields);
    if (this.#rng.next() < 0.9) return frameOf(1, 4 | endFlag, id, block);
    const cut = below(this.#rng, block.length);
    return Buffer.concat([
      frameOf(1, endFlag, id, block.subarray(0, cut)),
      frameOf(9, 4, id, block.subarray(cut)),
    ]);
  }
}
