/** Names image formats that are not read, by their first bytes: who sends one is notified which it is. Pure. */

interface Signature {
  readonly name: string;
  readonly bytes: readonly number[];
  /** Where they stand; 0 when absent. */
  readonly at?: number;
}

const ascii = (text: string) => Array.from(text, (char) => char.charCodeAt(0));

const signatures: readonly Signature[] = [
  { name: "BMP", bytes: ascii("BM") },
  { name: "ICO", bytes: [0, 0, 1, 0] },
  { name: "PSD", bytes: ascii("8BPS") },
  { name: "JPEG XL", bytes: [0xff, 0x0a] },
  { name: "JPEG XL", bytes: ascii("JXL "), at: 4 },
  { name: "JPEG 2000", bytes: ascii("jP  "), at: 4 },
  { name: "HEIC", bytes: ascii("ftypheic"), at: 4 },
  { name: "HEIC", bytes: ascii("ftypheix"), at: 4 },
  { name: "HEIC", bytes: ascii("ftypmif1"), at: 4 },
  { name: "PDF", bytes: ascii("%PDF") },
  { name: "SVG", bytes: ascii("<svg") },
  { name: "SVG", bytes: ascii("<?xml") },
];

/** The format of the bytes, if it is one of those that are known and not read. */
export function foreignFormat(encoded: Uint8Array): string | undefined {
  return signatures.find(({ bytes, at = 0 }) =>
    bytes.every((byte, index) => encoded[at + index] === byte),
  )?.name;
}
