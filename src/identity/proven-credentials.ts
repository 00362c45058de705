/** Credentials that were found, remembered for as long as they hold: bounded in number, in characters and in addresses. */

import { hash } from "node:crypto";
import type { Clock } from "#core/clock.ts";
import type { CredentialScheme, Found } from "./credentials.ts";

/** Longest credential that is kept as it is; of a longer one, and of a password, the digest is. */
const keptLengthMax = 1024;

/** What may be remembered in all. */
export interface ProvenLimits {
  readonly credentialsMax: number;
  /** Characters of all of them, as they were sent: what a token says of its caller is no longer than that. */
  readonly charactersMax: number;
  /** Addresses of one credential; the one first seen is forgotten. */
  readonly addressesMax: number;
  /** Addresses of all of them together. */
  readonly allAddressesMax: number;
}

const defaultLimits: ProvenLimits = {
  credentialsMax: 10_000,
  charactersMax: 4 * 1024 * 1024,
  addressesMax: 1000,
  allAddressesMax: 100_000,
};

/** A credential that was found, and from where. */
export interface Proven extends Pick<Found, "principal" | "isCurrent"> {
  readonly addresses: Set<string>;
  /** Characters of the credential. */
  readonly length: number;
  /** Monotonic time until which that holds, in milliseconds. */
  readonly untilMs: number;
  /** Time of the wall's clock until which it holds. */
  readonly untilWallMs: number;
}

const never = Number.POSITIVE_INFINITY;

/** What a credential is remembered by. No header can hold a line feed: none is another's digest. */
function keyOf(credential: string, scheme: CredentialScheme): string {
  if (scheme === "key" && credential.length <= keptLengthMax) return credential;
  return `\n${hash("sha256", `${scheme}\n${credential}`, "base64")}`;
}

/** Remembers. Beyond a bound the credential that was found first is forgotten, that is: looked up again. */
export class ProvenCredentials {
  /** By credential, in the order in which they were found. */
  readonly #known = new Map<string, Proven>();
  #addresses = 0;
  #characters = 0;
  readonly #clock: Pick<Clock, "nowMs" | "wallMs">;
  readonly #limits: ProvenLimits;

  constructor(clock: Pick<Clock, "nowMs" | "wallMs">, limits = defaultLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** Addresses that are remembered, of all of them together. */
  get addresses(): number {
    return this.#addresses;
  }

  /** What is known of a credential now. */
  find(credential: string, scheme: CredentialScheme): Proven | undefined {
    const key = keyOf(credential, scheme);
    const proven = this.#known.get(key);
    if (proven === undefined || this.#holds(proven)) return proven;
    this.#forget(key, proven);
    return undefined;
  }

  /** Remembers, and gives, a credential that was found, with the address that it came from. */
  add(
    credential: string,
    scheme: CredentialScheme,
    { found, address }: { readonly found: Found; readonly address: string },
  ): Proven {
    const { validMs = never, expiresWallMs: untilWallMs = never } = found;
    const key = keyOf(credential, scheme);
    const before = this.#known.get(key);
    if (before !== undefined) this.#forget(key, before);
    const { length } = credential;
    const untilMs = this.#clock.nowMs() + validMs;
    const proven = { ...found, addresses: new Set<string>(), length, untilMs, untilWallMs };
    this.#known.set(ownText(key), proven);
    this.#characters += length;
    this.addAddress(proven, address);
    return proven;
  }

  /** Whether a credential was taken back, changed or has expired, which ends what goes on with it. */
  hasEnded({ isCurrent, untilWallMs }: Proven): boolean {
    return isCurrent?.() === false || untilWallMs <= this.#clock.wallMs();
  }

  /** Remembers one more address of a credential that is known. */
  addAddress({ addresses }: Proven, address: string): void {
    if (addresses.has(address)) return;
    const [first = ""] = addresses;
    if (addresses.size < this.#limits.addressesMax) this.#addresses += 1;
    else addresses.delete(first);
    addresses.add(address);
    while (this.#isFull() && this.#known.size > 1) this.#forgetFirst();
  }

  #isFull(): boolean {
    const { credentialsMax, charactersMax, allAddressesMax } = this.#limits;
    return (
      this.#known.size > credentialsMax ||
      this.#characters > charactersMax ||
      this.#addresses > allAddressesMax
    );
  }

  #holds(proven: Proven): boolean {
    const { untilMs, untilWallMs } = proven;
    if (proven.isCurrent?.() === false) return false;
    // Most hold for as long as the process lives: no look at the clock.
    if (untilMs !== never && untilMs <= this.#clock.nowMs()) return false;
    return untilWallMs === never || untilWallMs > this.#clock.wallMs();
  }

  #forgetFirst(): void {
    for (const [key, proven] of this.#known) {
      this.#forget(key, proven);
      return;
    }
  }

  #forget(key: string, { addresses, length }: Proven): void {
    this.#known.delete(key);
    this.#addresses -= addresses.size;
    this.#characters -= length;
  }
}

/** The same text in memory of its own: a part of a header would keep the whole of it. */
function ownText(text: string): string {
  const own = Buffer.from(text, "latin1").toString("latin1");
  // A character that is wider would become another: its credential would be taken for one that it is not.
  return own === text ? own : Buffer.from(text, "utf16le").toString("utf16le");
}
