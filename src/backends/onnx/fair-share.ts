/** Whose turn it is at the workers: models share their time, however much each is asked. Pure. */

/** Groups that are remembered; beyond it those that are owed nothing are forgotten. */
const groupsMax = 1024;

/** What a group that has not run yet is thought to take. */
const unknownMs = 1;

interface Share {
  /** Time that it has had, on the common scale. */
  usedMs: number;
  /** What it took last. */
  lastMs: number;
}

/**
 * Start-time fair queueing: each group has had so much time, and the one that has had least is next.
 * Who comes back after a pause has no time saved up.
 */
export class FairShare {
  readonly #shares = new Map<string, Share>();
  /** What the group that was next last had had then: the common scale's present. */
  #nowMs = 0;

  /** Says that a group, which had nothing, has something to run. */
  enter(group: string): void {
    const share = this.#share(group);
    share.usedMs = Math.max(share.usedMs, this.#nowMs);
  }

  /**
   * The group, of these, that has had least; the first of equals, and none of none. It is charged
   * what it took last until `settle` tells what it takes this time.
   */
  next(
    groups: Iterable<string>,
  ): { readonly group: string; readonly chargedMs: number } | undefined {
    let chosen: string | undefined;
    let leastMs = Infinity;
    for (const group of groups) {
      const { usedMs } = this.#share(group);
      if (usedMs < leastMs) [chosen, leastMs] = [group, usedMs];
    }
    if (chosen === undefined) return undefined;
    this.#nowMs = Math.max(this.#nowMs, leastMs);
    const share = this.#share(chosen);
    share.usedMs += share.lastMs;
    return { group: chosen, chargedMs: share.lastMs };
  }

  /** Says what a run took that was charged so much. */
  settle(group: string, chargedMs: number, tookMs: number): void {
    const share = this.#share(group);
    share.usedMs += tookMs - chargedMs;
    if (tookMs > 0) share.lastMs = tookMs;
  }

  #share(group: string): Share {
    const known = this.#shares.get(group);
    if (known !== undefined) return known;
    if (this.#shares.size >= groupsMax) this.#forget();
    const share = { usedMs: this.#nowMs, lastMs: unknownMs };
    this.#shares.set(group, share);
    return share;
  }

  #forget(): void {
    for (const [group, { usedMs }] of this.#shares) {
      if (usedMs <= this.#nowMs) this.#shares.delete(group);
    }
  }
}
