/** Who gives up bytes when a budget is exceeded: the owner that holds most, so that the others go on. */

import type { ByteBudget, ByteHolder } from "./byte-budget.ts";

/** What is left afterwards, so that the search is not made for each byte more. */
const lowMark = 7 / 8;
/** Together they may have so much whatever others hold, who cannot be asked. */
const safeShare = 1 / 8;
/** Holders that are asked at one time; the next time comes with the next bytes. */
const askedMax = 64;

/** Bytes of each owner's holders. */
function byOwner(holders: Iterable<ByteHolder>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { owner, heldBytes } of holders) sums.set(owner, (sums.get(owner) ?? 0) + heldBytes);
  return sums;
}

/** Of those that were not asked yet, the largest holder of the owner who holds most. */
function heaviest(
  holders: Iterable<ByteHolder>,
  sums: ReadonlyMap<string, number>,
  asked: ReadonlySet<ByteHolder>,
): ByteHolder | undefined {
  let found: ByteHolder | undefined;
  let foundSum = 0;
  for (const holder of holders) {
    if (holder.heldBytes === 0 || asked.has(holder)) continue;
    const sum = sums.get(holder.owner) ?? 0;
    const isHeavier = sum === foundSum && holder.heldBytes > (found?.heldBytes ?? 0);
    if (found !== undefined && sum < foundSum) continue;
    if (sum > foundSum || isHeavier) {
      found = holder;
      foundSum = sum;
    }
  }
  return found;
}

/**
 * Has holders give up bytes until the budget has some room again. One client that holds much is
 * left alone as long as there is room; when there is none, whoever took most of it pays.
 */
export function relieve(budget: ByteBudget): void {
  const sums = byOwner(budget.holders);
  let beyondBytes = -budget.bytesMax * safeShare;
  for (const sum of sums.values()) beyondBytes += sum;
  const excessBytes = budget.heldBytes - budget.bytesMax * lowMark;
  let left = Math.min(excessBytes, beyondBytes);
  const asked = new Set<ByteHolder>();
  while (left > 0 && asked.size < askedMax) {
    const holder = heaviest(budget.holders, sums, asked);
    if (holder === undefined) return;
    asked.add(holder);
    const before = holder.heldBytes;
    holder.shed(left);
    const given = before - holder.heldBytes;
    sums.set(holder.owner, (sums.get(holder.owner) ?? 0) - given);
    left -= given;
  }
}
