/** The head of a response as text: status line, fields, and what ends it. Nothing unsound gets out. */

import type { Clock } from "#core/clock.ts";
import { flatText } from "#core/flat-text.ts";
import { memoizeByString } from "#core/get-or-create.ts";
import { isFieldName } from "#http/field-text.ts";
import { reasonPhrase } from "./reason-phrase.ts";

/** Fields to send in this order; names in lower case, one entry per value. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** What a field of a response is to the connection. */
type ResponseFieldKind = "regular" | "contentLength" | "connection" | "date" | "framing";

interface KnownName {
  readonly kind: ResponseFieldKind;
  readonly prefix: string;
}

const kindByName: ReadonlyMap<string, ResponseFieldKind> = new Map<string, ResponseFieldKind>([
  ["content-length", "contentLength"],
  ["connection", "connection"],
  ["date", "date"],
  ["transfer-encoding", "framing"],
  ["keep-alive", "framing"],
  ["proxy-connection", "framing"],
  ["upgrade", "framing"],
]);

/** What no value holds: control characters but the tab, and what is no octet (RFC 9110 §5.5). */
const unsoundPattern = /[^\t\x20-\x7e\x80-\xff]/;
const lengthPattern = /^\d{1,15}$/;

/** Throws TypeError for what is no name. */
const knownName = memoizeByString((name): KnownName => {
  if (!isFieldName(name)) throw new TypeError(`"${name}" is no name of a field`);
  return { kind: kindByName.get(name) ?? "regular", prefix: flatText(`${name}: `) };
});

function requireSound(name: string, value: string): void {
  if (unsoundPattern.test(value))
    throw new TypeError(`the value of field "${name}" cannot be sent`);
}

/** One field with its line end. Throws TypeError for what may not stand in one: a programmer's error. */
export function fieldLine(name: string, value: string): string {
  const { prefix } = knownName(name);
  requireSound(name, value);
  return `${prefix}${value}\r\n`;
}

/** Fields of a trailer, which say nothing of framing. Throws as `fieldLine`. */
export function trailerLines(fields: FieldList): string {
  let text = "";
  for (const [name, value] of fields) {
    if (knownName(name).kind !== "regular") throw new TypeError(`"${name}" is no trailer`);
    text += fieldLine(name, value);
  }
  return text;
}

/** Fields that many responses have, as they are written. */
interface SharedLines {
  readonly names: ReadonlySet<string>;
  readonly text: string;
}

const linesByList = new WeakMap<FieldList, SharedLines>();

function linesOf(shared: FieldList): SharedLines {
  const known = linesByList.get(shared);
  if (known !== undefined) return known;
  const names = new Set(shared.map(([name]) => name));
  const lines = { names, text: flatText(trailerLines(shared)) };
  linesByList.set(shared, lines);
  return lines;
}

/**
 * Lines of fields that are the same list for many responses, but for those that the response has
 * itself: written once, since they are more than all others together. Throws as `fieldLine`.
 */
export function sharedLines(shared: FieldList, own: FieldList): string {
  const { names, text } = linesOf(shared);
  for (const field of own) {
    if (!names.has(field[0])) continue;
    const others = new Set(own.map(([name]) => name));
    return trailerLines(shared.filter(([name]) => !others.has(name)));
  }
  return text;
}

/** The fields that a handler gives its response, and what they say to the connection. */
export class ResponseFields {
  /** Their lines, but for those that the connection writes itself. */
  text = "";
  /** -1 when they tell no content-length. */
  contentLength = -1;
  /** They ask for the connection's end. */
  closes = false;
  /** They tell the time themselves. */
  isDated = false;

  /** Throws as `fieldLine`, and for a field that is the connection's own business. */
  constructor(fields: FieldList) {
    for (const [name, value] of fields) {
      const { kind, prefix } = knownName(name);
      requireSound(name, value);
      if (kind === "regular") this.text += `${prefix}${value}\r\n`;
      else this.#take(kind, name, value);
    }
  }

  #take(kind: ResponseFieldKind, name: string, value: string): void {
    switch (kind) {
      case "contentLength":
        if (this.contentLength >= 0 || !lengthPattern.test(value)) {
          throw new TypeError("content-length is one number of bytes");
        }
        this.contentLength = Number(value);
        return;
      case "connection":
        if (value !== "close") throw new TypeError("connection: a response may only close it");
        this.closes = true;
        return;
      case "date":
        this.isDated = true;
        this.text += fieldLine(name, value);
        return;
      default:
        throw new TypeError(`"${name}" is the connection's own field`);
    }
  }
}

/** What every head begins with, whatever it says. */
export const headStart = "HTTP/1.1 ";

const statusLines: string[] = [];

/** The first line. Throws RangeError for what is no final status. */
export function statusLine(status: number): string {
  const known = statusLines[status];
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < 200 || status > 999) {
    throw new RangeError(`${status} is no status of a response`);
  }
  const line = flatText(`${headStart}${status} ${reasonPhrase(status)}\r\n`);
  statusLines[status] = line;
  return line;
}

/** The fields that the connection adds to every response, made once per second for all of them. */
export class HeadEnds {
  readonly #clock: Clock;
  readonly #keepAlive: string;
  #second = -1;
  #date = "";
  #kept = "";

  constructor(clock: Clock, keepAliveTimeoutMs: number) {
    this.#clock = clock;
    const seconds = Math.floor(keepAliveTimeoutMs / 1000);
    this.#keepAlive = `connection: keep-alive\r\nkeep-alive: timeout=${seconds}\r\n`;
  }

  /** Those of a response after which the connection closes, or is kept. */
  fields(closes: boolean, isDated: boolean): string {
    const wallMs = this.#clock.wallMs();
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = `date: ${new Date(wallMs).toUTCString()}\r\n`;
      this.#kept = flatText(this.#date + this.#keepAlive);
    }
    if (!(closes || isDated)) return this.#kept;
    return (isDated ? "" : this.#date) + (closes ? "connection: close\r\n" : this.#keepAlive);
  }
}
