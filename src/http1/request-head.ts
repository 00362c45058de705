/** A request's head (RFC 9112 §3): the request line, then fields, read strictly and in place. */

import { tokenOctets } from "#http/field-text.ts";
import { FieldSection, isRefused, needsMore, type Reading } from "./field-section.ts";
import type { ConnectionLimits } from "./limits.ts";
import { connectMethod, methodAt, methodBytesMax } from "./method.ts";
import { octet, targetOctets } from "./octets.ts";
import { lineTooLong, methodUnknown, noProxy, versionUnknown } from "./refusal.ts";
import { isAuthority, requestTargetOf } from "./request-target.ts";

/** What stands after a target; its digits are the version's. */
const lineTail = Buffer.from(" HTTP/1.1\r\n");
const majorAt = " HTTP/".length;
const minorAt = " HTTP/1.".length;

const digitZero = 0x30;

function isDigit(code: number): boolean {
  return code >= digitZero && code <= 0x39;
}

/** A head. What it says counts once `read` has found its end. */
export class RequestHead extends FieldSection {
  method = "";
  /** Path and query as sent, or `*`. */
  path = "";
  /** The authority of a target in absolute form; it counts in place of Host. */
  targetAuthority: string | undefined;
  /** The minor version: 0 for HTTP/1.0, 1 for all later ones of HTTP/1 (RFC 9110 §2.5). */
  minor = 1;

  /** Where the head ends in the input, or `needsMore`, or `isRefused`. */
  read(reading: Reading): number {
    if (this.next === 0) {
      const outcome = this.#readLine(
        Math.min(this.bytes.length, this.origin + reading.limits.headBytesMax),
      );
      if (outcome !== 0) return outcome === needsMore ? this.#moreOfLine(reading.limits) : outcome;
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
    if (at - methodStart > methodBytesMax) return this.refuse(methodUnknown);
    if (at === end) return needsMore;
    if (at === methodStart || bytes[at] !== octet.space) return isRefused;
    const method = methodAt(bytes, methodStart, at);
    at += 1;
    const targetStart = at;
    while (at < end && targetOctets[bytes[at] ?? 0] === 1) at += 1;
    if (at === end) return needsMore;
    const lineEnd = this.#readLineTail(at, end);
    if (lineEnd < 0) return lineEnd;
    // Only of a sound line can it be said that its method is unknown: all else is no request.
    if (method === undefined) return this.refuse(methodUnknown);
    this.next = lineEnd - this.origin;
    return this.#takeTarget(method, bytes.toString("latin1", targetStart, at));
  }

  #readLineTail(at: number, end: number): number {
    const { bytes } = this;
    for (let index = 0; index < lineTail.length; index += 1) {
      if (at + index === end) return needsMore;
      const isVersion = index === majorAt || index === minorAt;
      const code = bytes[at + index] ?? 0;
      if (isVersion ? !isDigit(code) : code !== lineTail[index]) return isRefused;
    }
    if (bytes[at + majorAt] !== lineTail[majorAt]) return this.refuse(versionUnknown);
    this.minor = bytes[at + minorAt] === digitZero ? 0 : 1;
    return at + lineTail.length;
  }

  /** What came is not enough for the request line: `needsMore`, or too much already. */
  #moreOfLine(limits: ConnectionLimits): number {
    return this.isFull(limits) ? this.refuse(lineTooLong(limits)) : needsMore;
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
