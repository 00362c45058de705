/** Users with passwords (HTTP Basic): hashed off the serving thread, few at one time, and remembered for a short while. */

import { Slots } from "#core/slots.ts";
import { fault } from "#errors/fault.ts";
import type { CredentialStore, Found, Principal } from "./credentials.ts";
import {
  isPasswordOf,
  type PasswordHash,
  parsePasswordHash,
  unmatchedHash,
} from "./password-hash.ts";

/** A user by the hash of the password. */
export interface UserHash {
  readonly name: string;
  /** As `hashPassword` writes it. */
  readonly passwordScrypt: string;
  readonly scopes: readonly string[];
}

/** Hashes at one time: half of the threads that also read files and decode images. */
const hashingMax = 2;
/** Those that wait for a place. */
const waitingMax = 64;
/** How long a password that was right needs no further hash. */
const rememberedMs = 60_000;
/** Longest pair of name and password, as sent. */
const lengthMax = 1024;

interface Pair {
  readonly name: string;
  readonly password: string;
}

/** Splits what Basic sends; undefined where it is no such pair. */
function pairOf(credential: string): Pair | undefined {
  if (credential.length > lengthMax) return undefined;
  const text = Buffer.from(credential, "base64").toString();
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

interface KnownUser {
  readonly hash: PasswordHash;
  readonly principal: Principal;
}

/** Users that came from the settings. An unknown name costs the same hash as a wrong password. */
export function userStore(
  users: readonly UserHash[],
  isRight: typeof isPasswordOf = isPasswordOf,
): CredentialStore {
  const known = new Map<string, KnownUser>();
  for (const { name, passwordScrypt, scopes } of users) {
    const hash = parsePasswordHash(passwordScrypt);
    if (hash === undefined) throw new TypeError(`the password of ${name} is no hash by scrypt`);
    const principal = { id: `user:${name}`, authenticated: true, scopes: new Set(scopes) };
    known.set(name, { hash, principal });
  }
  const [first] = known.values();
  const nobody = first && unmatchedHash(first.hash);
  const slots = new Slots(hashingMax);
  const always = new AbortController().signal;
  /** By what was sent: who sends the same at the same time waits for the same hash. */
  const hashing = new Map<string, Promise<Found | undefined>>();

  const judged = async (
    { name, password }: Pair,
    otherwise: PasswordHash,
  ): Promise<Found | undefined> => {
    const user = known.get(name);
    await slots.take(always);
    const matches = await isRight(password, user?.hash ?? otherwise).finally(() => slots.give());
    if (!matches || user === undefined) return undefined;
    return { principal: user.principal, validMs: rememberedMs };
  };
  return {
    async find(credential) {
      const pair = pairOf(credential);
      if (pair === undefined || nobody === undefined) return undefined;
      const same = hashing.get(credential);
      if (same !== undefined) return await same;
      if (hashing.size >= hashingMax + waitingMax) {
        throw fault("OVERLOADED", "too many passwords are being checked");
      }
      const work = judged(pair, nobody).finally(() => hashing.delete(credential));
      hashing.set(credential, work);
      return await work;
    },
  };
}
