/** How much of the uploads is taken, in all and by each owner: files and bytes, those still coming included. Pure. */

import { getOrCreate } from "#core/get-or-create.ts";

/** Files and bytes. */
export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

/** The most there may be. */
export interface QuotaLimits {
  readonly all: Amount;
  readonly perOwner: Amount;
}

/** Which limit would be passed. */
export type Refusal = { readonly limit: keyof QuotaLimits; readonly of: keyof Amount };

interface Taken {
  files: number;
  bytes: number;
}

function fits(taken: Taken, more: Amount, max: Amount): keyof Amount | undefined {
  if (taken.files + more.files > max.files) return "files";
  return taken.bytes + more.bytes > max.bytes ? "bytes" : undefined;
}

/** Counts what is taken. An owner who has nothing is not remembered. */
export class Quota {
  readonly #limits: QuotaLimits;
  readonly #all: Taken = { files: 0, bytes: 0 };
  readonly #byOwner = new Map<string, Taken>();

  constructor(limits: QuotaLimits) {
    this.#limits = limits;
  }

  /** What is taken in all. */
  get taken(): Amount {
    return this.#all;
  }

  /** Takes so much more; or says which limit does not allow it, and takes nothing. */
  take(owner: string, more: Amount): Refusal | undefined {
    const own = this.#byOwner.get(owner) ?? { files: 0, bytes: 0 };
    const byOwner = fits(own, more, this.#limits.perOwner);
    if (byOwner !== undefined) return { limit: "perOwner", of: byOwner };
    const byAll = fits(this.#all, more, this.#limits.all);
    if (byAll !== undefined) return { limit: "all", of: byAll };
    for (const taken of [this.#all, getOrCreate(this.#byOwner, owner, () => own)]) {
      taken.files += more.files;
      taken.bytes += more.bytes;
    }
    return undefined;
  }

  /** Gives back what was taken. */
  release(owner: string, { files, bytes }: Amount): void {
    const own = this.#byOwner.get(owner);
    if (own === undefined) return;
    for (const taken of [this.#all, own]) {
      taken.files -= files;
      taken.bytes -= bytes;
    }
    if (own.files === 0) this.#byOwner.delete(owner);
  }
}
