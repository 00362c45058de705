/** The Huffman code of HPACK (RFC 7541 appendix B), both ways. Pure. */

import { codeAt } from "#core/code-at.ts";

/**
 * Length in bits of each symbol's code; the last is EOS. The code is canonical: within a length,
 * codes count upwards in the order of the symbols, so lengths are all there is to write down.
 */
// biome-ignore format: sixteen symbols a row.
const codeBits = Uint8Array.of(
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
);

const endOfString = 256;
/** Children of a node below this number are nodes, from it on they are symbols. */
const firstLeaf = 256;

function canonicalCodes(): Uint32Array {
  const symbols = Array.from(codeBits.keys());
  // Stable: symbols of one length stay in their order.
  symbols.sort((a, b) => (codeBits[a] ?? 0) - (codeBits[b] ?? 0));
  const codes = new Uint32Array(codeBits.length);
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    const bits = codeBits[symbol] ?? 0;
    code <<= bits - length;
    length = bits;
    codes[symbol] = code++;
  }
  return codes;
}

const codes = canonicalCodes();

/** Two children a node; 256 inner nodes, numbered from the root at 0. */
function codeTree(): Uint16Array {
  const children = new Uint16Array(2 * firstLeaf);
  let nodes = 1;
  for (let symbol = 0; symbol < codeBits.length; symbol += 1) {
    let node = 0;
    for (let bit = (codeBits[symbol] ?? 0) - 1; bit >= 0; bit -= 1) {
      const slot = 2 * node + (((codes[symbol] ?? 0) >>> bit) & 1);
      if (bit === 0) children[slot] = firstLeaf + symbol;
      else if (children[slot] === 0) children[slot] = nodes++;
      node = children[slot] ?? 0;
    }
  }
  return children;
}

/** Bits of an entry: next node 0–7, first symbol 8–15, second 16–23, count 24–25, EOS seen 26. */
const countShift = 24;
const endOfStringBit = 1 << 26;

/** What each byte does in each node: a state machine that eats a byte a step (256 KiB). */
function byteSteps(children: Uint16Array): Int32Array {
  const steps = new Int32Array(firstLeaf * 256);
  for (let state = 0; state < steps.length; state += 1) {
    let node = state >>> 8;
    let entry = 0;
    let count = 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      const child = children[2 * node + ((state >>> bit) & 1)] ?? 0;
      node = child < firstLeaf ? child : 0;
      if (child === firstLeaf + endOfString) entry |= endOfStringBit;
      else if (child >= firstLeaf) entry |= (child - firstLeaf) << (8 + 8 * count++);
    }
    steps[state] = entry | (count << countShift) | node;
  }
  return steps;
}

/** Nodes where a string may end: fewer than eight bits below the root, all of them ones. */
function endNodes(children: Uint16Array): Uint8Array {
  const ends = new Uint8Array(firstLeaf);
  for (let node = 0, bits = 0; bits < 8; bits += 1) {
    ends[node] = 1;
    node = children[2 * node + 1] ?? 0;
  }
  return ends;
}

/** What decoding needs. */
interface Decoder {
  readonly steps: Int32Array;
  readonly ends: Uint8Array;
}

function createDecoder(): Decoder {
  const tree = codeTree();
  return { steps: byteSteps(tree), ends: endNodes(tree) };
}

/** Made for the first string, in some milliseconds: no part of every start. */
let decoder: Decoder | undefined;

/** Most bytes that `encodedBytes` of code can decode to: the shortest code has five bits. */
export function decodedBytesMax(encodedBytes: number): number {
  return Math.ceil((encodedBytes * 8) / 5);
}

/**
 * Decodes `source[start, end)` to the beginning of `into`, which holds at least
 * `decodedBytesMax` bytes. Returns the count, or -1 for EOS and for padding that is longer than
 * seven bits or not all ones.
 */
export function decodeHuffman(
  source: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
): number {
  decoder ??= createDecoder();
  const { steps, ends } = decoder;
  let node = 0;
  let length = 0;
  let seen = 0;
  for (let at = start; at < end; at += 1) {
    const entry = steps[(node << 8) | (source[at] ?? 0)] ?? 0;
    node = entry & 0xff;
    seen |= entry;
    // Written whether counted or not: two stores are cheaper than two branches.
    into[length] = entry >>> 8;
    into[length + 1] = entry >>> 16;
    length += (entry >>> countShift) & 3;
  }
  return (seen & endOfStringBit) === 0 && ends[node] === 1 ? length : -1;
}

/** Bytes that `text` takes encoded. Characters above U+00FF do not occur in fields. */
export function huffmanLength(text: string): number {
  const { length } = text;
  let bits = 0;
  for (let index = 0; index < length; index += 1) {
    bits += codeBits[codeAt(text, index) & 0xff] ?? 0;
  }
  return (bits + 7) >>> 3;
}

/** Writes `text` encoded, padded with ones, at `at`; returns the position after it. */
export function writeHuffman(text: string, into: Uint8Array, start: number): number {
  let at = start;
  let pending = 0;
  let pendingBits = 0;
  const { length } = text;
  for (let index = 0; index < length; index += 1) {
    const symbol = codeAt(text, index) & 0xff;
    const code = codes[symbol] ?? 0;
    let bits = codeBits[symbol] ?? 0;
    // At most 7 + 16 bits are pending, so that shifting never leaves 32.
    while (bits > 0) {
      const taken = Math.min(bits, 16);
      bits -= taken;
      pending = (pending << taken) | ((code >>> bits) & ((1 << taken) - 1));
      pendingBits += taken;
      while (pendingBits >= 8) {
        pendingBits -= 8;
        into[at++] = pending >>> pendingBits;
      }
      pending &= (1 << pendingBits) - 1;
    }
  }
  if (pendingBits > 0) into[at++] = (pending << (8 - pendingBits)) | (0xff >>> pendingBits);
  return at;
}
