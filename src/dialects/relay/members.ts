/** Replaces values of members of a JSON object in its bytes: everything else stays as it came. Pure. */

import { endOfString } from "#core/json-text.ts";

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** A member of the object itself, not of one within it. */
interface Member {
  readonly name: string;
  /** Where its value begins and ends. */
  readonly start: number;
  readonly end: number;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The place after the string that begins at `at`. */
function behindString(bytes: Buffer, at: number): number {
  return endOfString(bytes, at) + 1;
}

/** The place after the value that begins at `at`; blanks after it may be counted in. */
function behindValue(bytes: Buffer, at: number): number {
  let depth = 0;
  for (let next = at; next < bytes.length; next += 1) {
    const byte = bytes[next];
    if (byte === quote) next = behindString(bytes, next) - 1;
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      if (depth === 0) return next;
      depth -= 1;
    } else if (byte === comma && depth === 0) return next;
  }
  return bytes.length;
}

/** The members of the object that `bytes`, which are JSON, hold: each time that a name stands there. */
export function* membersOf(bytes: Buffer): Generator<Member> {
  let at = bytes.indexOf(openBrace) + 1;
  for (;;) {
    while (isBlank(bytes[at]) || bytes[at] === comma) at += 1;
    if (bytes[at] !== quote) return;
    const behindName = behindString(bytes, at);
    const text = bytes.toString("utf8", at + 1, behindName - 1);
    const name = text.includes("\\") ? String(JSON.parse(`"${text}"`)) : text;
    let start = bytes.indexOf(colon, behindName) + 1;
    while (isBlank(bytes[start])) start += 1;
    let end = behindValue(bytes, start);
    at = end;
    while (isBlank(bytes[end - 1])) end -= 1;
    yield { name, start, end };
  }
}

/** Whether the object that `bytes` hold has a member of this name. */
export function hasMember(bytes: Buffer, name: string): boolean {
  for (const member of membersOf(bytes)) if (member.name === name) return true;
  return false;
}

/** The new text of a value, given the old one's; undefined for a member that is not there. */
export type Edit = (value: string | undefined) => string | undefined;

/**
 * `bytes` with other values for the members that `edits` names. A name that stands there more than
 * once is edited each time: readers differ in which one they take. What an edit makes of a member
 * that is absent is put first.
 */
export function withMembers(bytes: Buffer, edits: Readonly<Record<string, Edit>>): Buffer {
  const pieces: Buffer[] = [];
  const seen = new Set<string>();
  let from = 0;
  for (const { name, start, end } of membersOf(bytes)) {
    const edit = Object.hasOwn(edits, name) ? edits[name] : undefined;
    if (edit === undefined) continue;
    seen.add(name);
    const value = bytes.toString("utf8", start, end);
    const edited = edit(value) ?? value;
    if (edited === value) continue;
    pieces.push(bytes.subarray(from, start), Buffer.from(edited));
    from = end;
  }
  const absent = Object.entries(edits).flatMap(([name, edit]) => {
    const value = seen.has(name) ? undefined : edit(undefined);
    return value === undefined ? [] : [`${JSON.stringify(name)}:${value}`];
  });
  if (pieces.length === 0 && absent.length === 0) return bytes;
  const whole = Buffer.concat([...pieces, bytes.subarray(from)]);
  if (absent.length === 0) return whole;
  const inside = bytes.indexOf(openBrace) + 1;
  const isEmpty = membersOf(bytes).next().done;
  const first = Buffer.from(absent.join(",") + (isEmpty ? "" : ","));
  return Buffer.concat([whole.subarray(0, inside), first, whole.subarray(inside)]);
}
