/** Reads the header of the PROXY protocol, version 1 or 2, with which a proxy begins a connection. Pure. */

import { SocketAddress } from "node:net";

/** Who is behind the proxy. */
export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

/**
 * What the first bytes are: a whole header of so many bytes, without a source where the proxy speaks
 * for itself (LOCAL, UNKNOWN); the beginning of one; or none.
 */
export type ProxyHeader =
  | { readonly kind: "whole"; readonly bytes: number; readonly source?: ProxySource }
  | { readonly kind: "partial" }
  | { readonly kind: "malformed" };

const partial: ProxyHeader = { kind: "partial" };
const malformed: ProxyHeader = { kind: "malformed" };

/** Greatest header of version 1, its line end included. */
const lineBytesMax = 107;
/** Greatest header of version 2; what is longer holds a certificate or worse. */
export const proxyHeaderBytesMax: number = 4096;

const lineStart = Buffer.from("PROXY ", "latin1");
const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const fixedBytes = 16;

/** Whether `bytes` and `wanted` are alike as far as both go. */
function beginsAlike(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const length = Math.min(bytes.length, wanted.length);
  for (let index = 0; index < length; index += 1) if (bytes[index] !== wanted[index]) return false;
  return true;
}

/** The header that `bytes` begin with. */
export function proxyHeaderOf(bytes: Buffer): ProxyHeader {
  if (beginsAlike(bytes, signature)) {
    return bytes.length < fixedBytes ? partial : binaryHeader(bytes);
  }
  return beginsAlike(bytes, lineStart) ? textHeader(bytes) : malformed;
}

/** An address as the system writes it; undefined for what is none of the family. */
function addressFrom(text: string, family: "ipv4" | "ipv6"): string | undefined {
  try {
    return new SocketAddress({ address: text, family }).address;
  } catch {
    return undefined;
  }
}

const linePattern =
  /^PROXY TCP([46]) ([\da-fA-F.:]{2,45}) ([\da-fA-F.:]{2,45}) (\d{1,5}) (\d{1,5})$/;

function textHeader(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, lineBytesMax).indexOf("\r\n");
  if (end < 0) return bytes.length >= lineBytesMax ? malformed : partial;
  const line = bytes.toString("latin1", 0, end);
  const whole = { kind: "whole", bytes: end + 2 } as const;
  // Whatever comes after this word is to be passed over.
  if (/^PROXY UNKNOWN( |$)/.test(line)) return whole;
  const [, version, from = "", to = "", port, portTo] = linePattern.exec(line) ?? [];
  const family = version === "6" ? "ipv6" : "ipv4";
  const address = addressFrom(from, family);
  const isSound = addressFrom(to, family) !== undefined && Number(portTo) <= 65_535;
  if (address === undefined || !isSound || Number(port) > 65_535) return malformed;
  return { ...whole, source: { address, port: Number(port) } };
}

/** Bytes of both addresses and ports, by family and transport; datagrams do not come over connections. */
const addressBytes: Readonly<Record<number, number>> = { 0: 0, 17: 12, 33: 36, 49: 216 };

function binaryHeader(bytes: Buffer): ProxyHeader {
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = bytes.readUInt16BE(14);
  const needed = addressBytes[family];
  if ((command !== 0x20 && command !== 0x21) || fixedBytes + length > proxyHeaderBytesMax) {
    return malformed;
  }
  const isLocal = command === 0x20;
  if (!isLocal && (needed === undefined || length < needed)) return malformed;
  if (bytes.length < fixedBytes + length) return partial;
  // Further facts, as type, length and value, stand after the addresses: no one here reads them.
  const whole = { kind: "whole", bytes: fixedBytes + length } as const;
  if (isLocal || (family !== 0x11 && family !== 0x21)) return whole;
  const at = fixedBytes;
  if (family === 0x11) {
    const address = bytes.subarray(at, at + 4).join(".");
    return { ...whole, source: { address, port: bytes.readUInt16BE(at + 8) } };
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt16BE(at + 2 * index).toString(16),
  );
  const address = addressFrom(groups.join(":"), "ipv6") ?? "";
  return { ...whole, source: { address, port: bytes.readUInt16BE(at + 32) } };
}
