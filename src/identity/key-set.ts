/** Public keys that sign tokens, found by algorithm and key id: a JWK set, or one key. */

import { createPublicKey, type KeyObject, type webcrypto } from "node:crypto";

/** Algorithms of tokens. */
export const tokenAlgorithms = ["HS256", "RS256", "ES256", "EdDSA"] as const;

/** One of them. */
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** Where the keys of tokens come from. */
export interface KeySource {
  /**
   * The key that a token names by its algorithm and, perhaps, its key id. A promise where the keys have
   * to be asked for first, which may reject with a fault.
   */
  find(
    algorithm: TokenAlgorithm,
    keyId: string | undefined,
  ): KeyObject | undefined | Promise<KeyObject | undefined>;
  /** How long a token that was verified by one of them is believed without looking again, in milliseconds. */
  readonly trustMs?: number;
}

/** Most keys of a set. */
export const keysMax = 1000;
/** Sizes of RSA keys that are taken, in bits: below it is weak, above it each token costs too much. */
const [rsaBitsMin, rsaBitsMax] = [2048, 8192];

/** The algorithm that a public key is for; undefined for those that none here is for. */
export function algorithmOf(key: KeyObject): Exclude<TokenAlgorithm, "HS256"> | undefined {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      return modulusLength >= rsaBitsMin && modulusLength <= rsaBitsMax ? "RS256" : undefined;
    case "ec":
      return namedCurve === "prime256v1" ? "ES256" : undefined;
    case "ed25519":
      return "EdDSA";
    default:
      return undefined;
  }
}

/** One key, for whatever key id a token names. */
export function singleKey(key: KeyObject): KeySource {
  const own = algorithmOf(key);
  return { find: (algorithm) => (algorithm === own ? key : undefined) };
}

/** The fields of a JWK that say what it is for. */
interface SetKey {
  readonly kty?: unknown;
  readonly crv?: unknown;
  readonly kid?: unknown;
  readonly alg?: unknown;
  readonly use?: unknown;
  readonly key_ops?: unknown;
}

/** The algorithm that a JWK is meant for, by what it says of itself. Secrets of a set are never used. */
function meantFor({ kty, crv, alg, use, key_ops: operations }: SetKey): string | undefined {
  if (use !== undefined && use !== "sig") return undefined;
  if (Array.isArray(operations) && !operations.includes("verify")) return undefined;
  const algorithm =
    kty === "RSA"
      ? "RS256"
      : kty === "EC" && crv === "P-256"
        ? "ES256"
        : kty === "OKP" && crv === "Ed25519"
          ? "EdDSA"
          : undefined;
  return alg === undefined || alg === algorithm ? algorithm : undefined;
}

/** A JWK, or the key that was made of it when a token first named it. */
interface Slot {
  readonly jwk: SetKey;
  key?: KeyObject | undefined;
  isMade?: boolean;
}

function keyIn(slot: Slot, algorithm: TokenAlgorithm): KeyObject | undefined {
  if (slot.isMade !== true) {
    slot.isMade = true;
    try {
      const key = createPublicKey({ key: { ...slot.jwk } as webcrypto.JsonWebKey, format: "jwk" });
      if (algorithmOf(key) === algorithm) slot.key = key;
    } catch {
      // No key: nobody can sign with it.
    }
  }
  return slot.key;
}

/** A set of keys. */
export class KeySet implements KeySource {
  /** By algorithm and key id; of two with the same the first counts. */
  readonly #byId = new Map<string, Slot>();
  /** By algorithm. */
  readonly #all = new Map<string, Slot[]>();

  /** Takes the text of a JWK set. Throws where it is none, or has too many keys. */
  constructor(text: string) {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    if (!Array.isArray(keys)) throw new TypeError("is no JWK set: `keys` is missing");
    if (keys.length > keysMax) throw new TypeError(`has more than ${keysMax} keys`);
    for (const jwk of keys as (SetKey | null)[]) {
      if (typeof jwk !== "object" || jwk === null) continue;
      const algorithm = meantFor(jwk);
      if (algorithm === undefined) continue;
      const slot = { jwk };
      const same = this.#all.get(algorithm);
      if (same === undefined) this.#all.set(algorithm, [slot]);
      else same.push(slot);
      if (typeof jwk.kid !== "string") continue;
      const id = `${algorithm} ${jwk.kid}`;
      if (!this.#byId.has(id)) this.#byId.set(id, slot);
    }
  }

  /** How many of its keys may verify tokens. */
  get size(): number {
    return [...this.#all.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Without a key id: the one key of that algorithm, where there is only one. */
  find(algorithm: TokenAlgorithm, keyId: string | undefined): KeyObject | undefined {
    if (keyId !== undefined) {
      const named = this.#byId.get(`${algorithm} ${keyId}`);
      return named && keyIn(named, algorithm);
    }
    const [first, second] = this.#all.get(algorithm) ?? [];
    return first !== undefined && second === undefined ? keyIn(first, algorithm) : undefined;
  }
}
