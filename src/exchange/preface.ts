/** Distinguishes HTTP/2 from HTTP/1.1 by the first bytes of a cleartext connection. Pure. */

/** What an HTTP/2 client sends first (RFC 9113 §3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The wire that `first` begins, or undefined while more bytes are needed to tell. */
export function wireOf(first: Uint8Array): "1.1" | "2" | undefined {
  const length = Math.min(first.length, preface.length);
  for (let index = 0; index < length; index += 1) {
    if (first[index] !== preface[index]) return "1.1";
  }
  return length === preface.length ? "2" : undefined;
}
