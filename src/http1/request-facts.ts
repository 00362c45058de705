/** What the fields of a request's head say to the connection: its host, its body, what comes after. Pure. */

import { type FieldKind, fieldKind } from "./field-name.ts";
import {
  codingForeign,
  codingUnknown,
  expectationUnknown,
  hostNeeded,
  lengthUnclear,
  type Refusal,
} from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import { isAuthority } from "./request-target.ts";

/** Digits of a length; more could not be counted exactly. */
const lengthPattern = /^\d{1,15}$/;
/** Not what trim() takes off, which is more than HTTP calls blank (RFC 9110 §5.6.3). */
const blanksAround = /^[ \t]+|[ \t]+$/g;
/** Stands for a body whose length only its end tells. */
export const inChunks = -1;

const codingPattern = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*;.*)?$/;

/** Whether the body is coded by others and then in chunks, so that its end could be found. */
function isForeignCoding(value: string): boolean {
  const codings = value
    .toLowerCase()
    .split(",")
    .map((coding) => coding.replace(blanksAround, ""));
  if (codings.pop() !== "chunked") return false;
  return codings.every((coding) => codingPattern.test(coding) && !/^chunked\b/.test(coding));
}

/** The facts of one head. */
export class RequestFacts {
  /** Host and port that the request is for; empty when it names none. */
  authority = "";
  /** Bytes of the body, 0 for none, or `inChunks`. */
  bodyBytes = 0;
  /** The client waits to be asked to send the body. */
  expectsContinue = false;
  /** The client keeps the connection for another request. */
  persists = true;
  /** The protocol, in lower case, that the client would go on with. */
  upgrade: string | undefined;
  #hosts = 0;
  #lengths = 0;
  #codings = 0;
  #isForeign = false;
  #expectation: string | undefined;
  #closes = false;
  #keepsAlive = false;
  #upgrades = false;
  #offers = 0;

  /** Reads them off a whole head. Returns why the request cannot be served (RFC 9112 §3.2, §6.3). */
  read(head: RequestHead): Refusal | undefined {
    const { names } = head;
    for (let index = 0; index < names.length; index += 1) {
      const kind = names[index]?.kind ?? fieldKind.regular;
      if (kind === fieldKind.regular) continue;
      const refusal = this.#take(kind, head.valueAt(index));
      if (refusal !== undefined) return refusal;
    }
    const isOld = head.minor === 0;
    if (this.#hosts > 1 || (this.#hosts === 0 && !isOld)) return hostNeeded;
    if (this.#codings > 1 || (this.#codings === 1 && isOld)) return codingUnknown;
    // Equal lengths are refused, too: who is before us may have counted with another one.
    if (this.#lengths + this.#codings > 1) return lengthUnclear;
    if (this.#isForeign) return codingForeign;
    this.authority = head.targetAuthority ?? this.authority;
    this.persists = !this.#closes && (!isOld || this.#keepsAlive);
    if (isOld || !this.#upgrades) this.upgrade = undefined;
    if (isOld || this.#expectation === undefined) return undefined;
    this.expectsContinue = this.#expectation === "100-continue";
    return this.expectsContinue ? undefined : expectationUnknown;
  }

  #take(kind: FieldKind, value: string): Refusal | undefined {
    switch (kind) {
      case fieldKind.regular:
        return undefined;
      case fieldKind.host:
        this.#hosts += 1;
        this.authority = value;
        return value === "" || isAuthority(value) ? undefined : hostNeeded;
      case fieldKind.contentLength:
        this.#lengths += 1;
        this.bodyBytes = Number(value);
        return lengthPattern.test(value) ? undefined : lengthUnclear;
      case fieldKind.transferEncoding:
        this.#codings += 1;
        this.bodyBytes = inChunks;
        if (value.toLowerCase() === "chunked") return undefined;
        this.#isForeign = isForeignCoding(value);
        return this.#isForeign ? undefined : codingUnknown;
      case fieldKind.connection:
        this.#takeOptions(value);
        return undefined;
      case fieldKind.expect:
        this.#expectation = this.#expectation === undefined ? value.toLowerCase() : "";
        return undefined;
      case fieldKind.upgrade:
        // Of several offers some intermediary may have seen another than we.
        this.upgrade = this.#offers === 0 ? value.toLowerCase() : undefined;
        this.#offers += 1;
        return undefined;
    }
  }

  #takeOptions(value: string): void {
    for (const option of value.toLowerCase().split(",")) {
      const name = option.replace(blanksAround, "");
      if (name === "close") this.#closes = true;
      else if (name === "keep-alive") this.#keepsAlive = true;
      else if (name === "upgrade") this.#upgrades = true;
    }
  }
}
