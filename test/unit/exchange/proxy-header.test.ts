import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { proxyHeaderBytesMax, proxyHeaderOf } from "#exchange/proxy-header.ts";

const signature = "0d0a0d0a000d0a515549540a";

/** A header of version 2: command, family, and what stands behind the length. */
function binary(command: string, family: string, rest: string): Buffer {
  const length = (rest.length / 2).toString(16).padStart(4, "0");
  return Buffer.from(signature + command + family + length + rest, "hex");
}

const v4 = "c6336401c0000207" + "15b3" + "01bb";
const v6 =
  "20010db9000000000000000000000005" + "20010db8000000000000000000000002" + "15b3" + "01bb";
/** A unique id, and what a proxy says of TLS, as HAProxy sends them. */
const facts = "05000461626364" + "2000080700000000200000";

interface Row {
  readonly name: string;
  readonly bytes: Buffer;
  readonly source?: { readonly address: string; readonly port: number };
}

const whole: readonly Row[] = [
  {
    name: "version 1, IPv4",
    bytes: Buffer.from("PROXY TCP4 198.51.100.1 192.0.2.7 5555 443\r\n"),
    source: { address: "198.51.100.1", port: 5555 },
  },
  {
    name: "version 1, IPv6, as the system writes the address",
    bytes: Buffer.from("PROXY TCP6 2001:DB9:0:0::5 2001:db8::2 5555 443\r\n"),
    source: { address: "2001:db9::5", port: 5555 },
  },
  { name: "version 1, unknown", bytes: Buffer.from("PROXY UNKNOWN\r\n") },
  {
    name: "version 1, unknown with addresses, which are passed over",
    bytes: Buffer.from("PROXY UNKNOWN ffff::1 ffff::1 65535 65535\r\n"),
  },
  {
    name: "version 2, IPv4",
    bytes: binary("21", "11", v4),
    source: { address: "198.51.100.1", port: 5555 },
  },
  {
    name: "version 2, IPv6",
    bytes: binary("21", "21", v6),
    source: { address: "2001:db9::5", port: 5555 },
  },
  {
    name: "version 2, with further facts",
    bytes: binary("21", "11", v4 + facts),
    source: { address: "198.51.100.1", port: 5555 },
  },
  { name: "version 2, the proxy itself", bytes: binary("20", "00", "") },
  { name: "version 2, the proxy itself, with an address", bytes: binary("20", "11", v4) },
  { name: "version 2, no family", bytes: binary("21", "00", facts) },
  { name: "version 2, a socket of the system", bytes: binary("21", "31", "00".repeat(216)) },
];

describe.each(whole)("$name", ({ bytes, source }) => {
  test("is read, and what comes behind it is left", () => {
    const header = proxyHeaderOf(Buffer.concat([bytes, Buffer.from("GET / HTTP/1.1\r\n")]));
    const expected = { kind: "whole", bytes: bytes.length, ...(source && { source }) };
    expect(header).toEqual(expected);
  });

  test("is partial wherever it is cut", () => {
    const kinds = Array.from(
      { length: bytes.length },
      (_, length) => proxyHeaderOf(bytes.subarray(0, length)).kind,
    );
    expect(new Set(kinds)).toEqual(new Set(["partial"]));
  });
});

describe("is no header", () => {
  const line = (text: string) => Buffer.from(text, "latin1");
  test.each([
    { name: "a request", bytes: line("GET / HTTP/1.1\r\n\r\n") },
    { name: "the preface of HTTP/2", bytes: line("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
    { name: "a handshake of TLS", bytes: Buffer.from("1603010200010001fc0303", "hex") },
    { name: "a family that is none", bytes: line("PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n") },
    { name: "an address of the other family", bytes: line("PROXY TCP4 ::1 ::1 1 1\r\n") },
    { name: "a number that is no address", bytes: line("PROXY TCP4 1.1.1.999 1.1.1.1 1 1\r\n") },
    { name: "a port that is none", bytes: line("PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n") },
    { name: "words behind it", bytes: line("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 more\r\n") },
    { name: "two spaces", bytes: line("PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n") },
    { name: "no port", bytes: line("PROXY TCP4 1.1.1.1 1.1.1.1\r\n") },
    { name: "a line without end", bytes: line(`PROXY UNKNOWN ${"x".repeat(93)}`) },
    { name: "another version", bytes: binary("11", "11", v4) },
    { name: "another command", bytes: binary("22", "11", v4) },
    { name: "datagrams", bytes: binary("21", "12", v4) },
    { name: "less than its addresses take", bytes: binary("21", "21", v4) },
    {
      name: "more bytes than are taken, before they come",
      bytes: binary("21", "11", "00".repeat(proxyHeaderBytesMax - 15)).subarray(0, 16),
    },
  ])("$name", ({ bytes }) => {
    expect(proxyHeaderOf(bytes)).toEqual({ kind: "malformed" });
  });
});

test("whatever bytes come: none is taken that is not there, and what was taken or refused stays so", () => {
  const header = fc.constantFrom(...whole.map(({ bytes }) => bytes));
  const bent = fc
    .tuple(header, fc.array(fc.tuple(fc.nat(260), fc.nat(255)), { maxLength: 3 }))
    .map(([bytes, changes]) => {
      const copy = Buffer.from(bytes);
      for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte;
      return copy;
    });
  const any = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(bent, any), any, (bytes, behind) => {
      const read = proxyHeaderOf(bytes);
      if (read.kind === "partial") return;
      if (read.kind === "whole") expect(read.bytes).toBeLessThanOrEqual(bytes.length);
      expect(proxyHeaderOf(Buffer.concat([bytes, behind]))).toEqual(read);
    }),
    { numRuns: 5000 },
  );
});
