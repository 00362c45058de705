/** The text of a key: a prefix that says whose it is, 256 random bits, and a checksum that shows a mistyped one. */

import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { sha256Hex } from "#core/sha256-hex.ts";

const prefix = "pg_live_";
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const secretBytes = 32;
/** Digits of 256 bits, and of 32. */
const secretLength = 43;
const checksumLength = 6;
const pattern = new RegExp(`^${prefix}[0-9A-Za-z]{${secretLength + checksumLength}}$`);
/** Characters that are shown of a key: 24 bits of its 256. */
const shownLength = prefix.length + 4;

function inDigits(value: bigint, length: number): string {
  let text = "";
  let rest = value;
  for (let place = 0; place < length; place += 1) {
    text = digits.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

function checksumOf(body: string): string {
  return inDigits(BigInt(crc32(body)), checksumLength);
}

/** A new key. */
export function newKeyText(): string {
  const secret = BigInt(`0x${randomBytes(secretBytes).toString("hex")}`);
  const body = prefix + inDigits(secret, secretLength);
  return body + checksumOf(body);
}

/** Whether a text may be a key: of the form of one, and not mistyped. */
export function isKeyText(text: string): boolean {
  if (!pattern.test(text)) return false;
  const end = text.length - checksumLength;
  return text.slice(end) === checksumOf(text.slice(0, end));
}

/** What of a key may be shown. */
export function shownOf(text: string): string {
  return text.slice(0, shownLength);
}

/**
 * What is stored of a key, and what it is found by. A fast hash is right for 256 random bits: there is
 * nothing to guess that a slow one would protect, and a lookup by digest tells nothing of the key.
 */
export function digestOf(text: string): string {
  return sha256Hex(text);
}
