/** Hashes of passwords by scrypt, as text: `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, both in base64. */

import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** A hash, taken apart. */
export interface PasswordHash {
  /** Base-2 logarithm of the cost. */
  readonly costBits: number;
  readonly blockSize: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** 32 MiB of memory and some 60 ms of one core: twice what OWASP asks for at least. */
const usual = { costBits: 15, blockSize: 8, parallel: 1 } as const;
const saltBytes = 16;
const hashBytes = 32;
/** Most memory that one hash may take. */
const memoryMax = 128 * 1024 * 1024;

const form =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Reads a hash; undefined for other texts, and for one that takes too much memory or is too weak to be one. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, ln, r, p, salt = "", hash = ""] = form.exec(text) ?? [];
  const [costBits, blockSize, parallel] = [Number(ln), Number(r), Number(p)];
  if (!(costBits >= 10 && costBits <= 20 && blockSize >= 1 && parallel >= 1 && parallel <= 4)) {
    return undefined;
  }
  if (128 * 2 ** costBits * blockSize > memoryMax) return undefined;
  const [saltOf, hashOf] = [Buffer.from(salt, "base64"), Buffer.from(hash, "base64")];
  return { costBits, blockSize, parallel, salt: saltOf, hash: hashOf };
}

/** A hash that no password has, as costly to check as another. */
export function unmatchedHash({ costBits, blockSize, parallel }: PasswordHash): PasswordHash {
  const [salt, hash] = [randomBytes(saltBytes), randomBytes(hashBytes)];
  return { costBits, blockSize, parallel, salt, hash };
}

/** Derives bytes from a password, off the thread that calls. */
function derive(
  password: string,
  { costBits, blockSize, parallel, salt }: Omit<PasswordHash, "hash">,
  bytes: number,
): Promise<Buffer> {
  const options = { N: 2 ** costBits, r: blockSize, p: parallel, maxmem: 2 * memoryMax };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Whether a password has this hash; compared in constant time. */
export async function isPasswordOf(password: string, known: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, known, known.hash.length), known.hash);
}

/** The hash of a password as text. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const { costBits, blockSize, parallel } = usual;
  const hash = await derive(password, { ...usual, salt }, hashBytes);
  const unpadded = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
  return `$scrypt$ln=${costBits},r=${blockSize},p=${parallel}$${unpadded(salt)}$${unpadded(hash)}`;
}
