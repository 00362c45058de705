/** Those who hold bytes of a budget and can be made to give some up: when it is exceeded, the owner that holds most does, and the others go on. */

/** One whose bytes are counted apart. */
export interface ByteHolder {
  /** Holders of one owner, such as an address, are judged together. */
  readonly owner: string;
  readonly heldBytes: number;
  /** Gives up about `bytes`, the largest pieces first. */
  shed(bytes: number): void;
}

/** The budget that they share. */
interface Budget {
  readonly bytesMax: number;
  readonly heldBytes: number;
  readonly isExceeded: boolean;
}

/** What is left afterwards, so that the search is not made for each byte more. */
const lowMark = 7 / 8;
/** Together they may have so much whatever others hold, who cannot be asked. */
const safeShare = 1 / 8;
/** Holders that are asked at one time; the next time comes with the next bytes. */
const askedMax = 64;
/** Looks that are left out once no one had anything to give. */
const fruitlessPause = 1000;

/** The holders of one budget. */
export class ByteHolders {
  /** What they hold together. Theirs to keep. */
  heldBytes = 0;
  readonly #budget: Budget;
  readonly #holders = new Set<ByteHolder>();
  #pause = 0;
  #isAsking = false;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#holders.size;
  }

  add(holder: ByteHolder): void {
    this.#holders.add(holder);
  }

  delete(holder: ByteHolder): void {
    this.#holders.delete(holder);
  }

  /**
   * When too much is held, has holders give up bytes until there is some room again. One client that
   * holds much is left alone as long as there is room; when there is none, whoever took most of it
   * pays.
   */
  relieve(): void {
    const { bytesMax, heldBytes, isExceeded } = this.#budget;
    // Whoever is asked may have to say so with bytes of its own.
    if (!isExceeded || this.#isAsking || this.heldBytes <= bytesMax * safeShare) return;
    if (this.#pause > 0) {
      this.#pause -= 1;
      return;
    }
    const wanted = heldBytes - bytesMax * lowMark;
    const given = this.#ask(Math.min(wanted, this.heldBytes - bytesMax * safeShare));
    if (given === 0) this.#pause = fruitlessPause;
  }

  #ask(bytes: number): number {
    this.#isAsking = true;
    const sums = this.#sums();
    const asked = new Set<ByteHolder>();
    let given = 0;
    while (given < bytes && asked.size < askedMax) {
      const holder = this.#heaviest(sums, asked);
      if (holder === undefined) break;
      asked.add(holder);
      const before = holder.heldBytes;
      holder.shed(bytes - given);
      const gave = before - holder.heldBytes;
      sums.set(holder.owner, (sums.get(holder.owner) ?? 0) - gave);
      given += gave;
    }
    this.#isAsking = false;
    return given;
  }

  /** Bytes of each owner's holders. */
  #sums(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { owner, heldBytes } of this.#holders) {
      sums.set(owner, (sums.get(owner) ?? 0) + heldBytes);
    }
    return sums;
  }

  /** Of those that were not asked yet, the largest holder of the owner who holds most. */
  #heaviest(
    sums: ReadonlyMap<string, number>,
    asked: ReadonlySet<ByteHolder>,
  ): ByteHolder | undefined {
    let found: ByteHolder | undefined;
    let foundSum = 0;
    for (const holder of this.#holders) {
      if (holder.heldBytes === 0 || asked.has(holder)) continue;
      const sum = sums.get(holder.owner) ?? 0;
      if (sum < foundSum) continue;
      if (sum > foundSum || holder.heldBytes > (found?.heldBytes ?? 0)) {
        found = holder;
        foundSum = sum;
      }
    }
    return found;
  }
}
