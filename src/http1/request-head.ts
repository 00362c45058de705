/** A request's head (RFC 9112 §3): the request line, then fields, read strictly and in place. */

import { tokenOctets } from "#http/field-text.ts";
import { FieldSection, isRefused, needsMore, type Reading } from "./field-section.ts";
import { connectMethod, methodAt, methodBytesMax } from "./method.ts";
import { octet, targetOctets } from "./octets.ts";
import { noProxy } from "./refusal.ts";
import { isAuthority, requestTargetOf } from "./request-target.ts";

/** What stands behind a target, in either version. */
const lineTails = [Buffer.from(" HTTP/1.0\r\n"), Buffer.from(" HTTP/1.1\r\n")] as const;
const minorAt = lineTails[0].length - "0\r\n".length;

/** A head. What it says counts once `read` has found its end. */
export class RequestHead extends FieldSection {
  method = "";
  /** Path and query as sent, or `*`. */
  path = "";
  /** The authority of a target in absolute form; it counts in place of Host. */
  targetAuthority: string | undefined;
  /** The minor version: 1 or 0. */
  minor = 1;

  /** Where the head ends in the input, or `needsMore`, or `isRefused`. */
  read(reading: Reading): number {
    if (this.next === 0) {
      const outcome = this.#readLine(
        Math.min(this.bytes.length, this.origin + reading.limits.headBytesMax),
      );
      if (outcome !== 0) return outcome === needsMore ? this.moreOf(reading.limits) : outcome;
    }
    return this.readFields(reading);
  }

  /** 0 when the line is whole. */
  #readLine(end: number): number {
    const { bytes } = this;
    let at = this.origin;
    // A client may end its last body with a line end that it should not send (RFC 9112 §2.2).
    if (bytes[at] === octet.cr) {
      if (at + 1 >= end) return needsMore;
      if (bytes[at + 1] !== octet.lf) return isRefused;
      at += 2;
    }
    const methodStart = at;
    while (at < end && tokenOctets[bytes[at] ?? 0] === 1) at += 1;
    if (at - methodStart > methodBytesMax) return isRefused;
    if (at === end) return needsMore;
    const method = bytes[at] === octet.space ? methodAt(bytes, methodStart, at) : undefined;
    if (method === undefined) return isRefused;
    at += 1;
    const targetStart = at;
    while (at < end && targetOctets[bytes[at] ?? 0] === 1) at += 1;
    if (at === end) return needsMore;
    const lineEnd = this.#readLineTail(at, end);
    if (lineEnd < 0) return lineEnd;
    this.next = lineEnd - this.origin;
    return this.#takeTarget(method, bytes.toString("latin1", targetStart, at));
  }

  #readLineTail(at: number, end: number): number {
    const minor = this.bytes[at + minorAt] === lineTails[0][minorAt] ? 0 : 1;
    const tail = lineTails[minor];
    for (let index = 0; index < tail.length; index += 1) {
      if (at + index === end) return needsMore;
      if (this.bytes[at + index] !== tail[index]) return isRefused;
    }
    this.minor = minor;
    return at + tail.length;
  }

  /** Takes the forms of RFC 9112 §3.2 but the authority's, which is CONNECT's. */
  #takeTarget(method: string, sent: string): number {
    if (method === connectMethod) return this.refuse(noProxy);
    this.method = method;
    if (sent.startsWith("/")) {
      this.path = sent;
      return 0;
    }
    if (sent === "*" && method === "OPTIONS") {
      this.path = sent;
      return 0;
    }
    const { target, authority } = requestTargetOf(sent);
    if (authority === undefined || !isAuthority(authority)) return isRefused;
    this.path = target;
    this.targetAuthority = authority;
    return 0;
  }
}
