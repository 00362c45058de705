/** Pieces of a body that a client streams as messages: at no less a pace than bodies of HTTP have. */

import { abortable } from "#core/abortable.ts";
import { type Clock, timeLimit } from "#core/clock.ts";
import { Pace, slowestPace } from "#core/pace.ts";
import { bodyRefused } from "#exchange/body-fault.ts";

/** What pieces are measured by, and until when they are waited for. */
export interface PacedBy {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The same pieces. Rejects with BODY_TIMEOUT when they come too slowly, and with the signal's reason. */
export async function* paced<T extends { readonly data: Uint8Array }>(
  pieces: AsyncIterable<T>,
  { clock, signal }: PacedBy,
): AsyncGenerator<T> {
  const { slackMs } = slowestPace;
  const from = pieces[Symbol.asyncIterator]();
  const pace = new Pace(clock.nowMs(), slackMs, 0);
  let isOver = false;
  try {
    for (;;) {
      const next = await nextWithin(from, slackMs, { clock, signal });
      if (next.done === true) {
        isOver = true;
        return;
      }
      if (pace.isLate(clock.nowMs(), next.value.data.length, slowestPace))
        throw bodyRefused("late");
      const givenMs = clock.nowMs();
      yield next.value;
      // What takes its time then is the disk.
      pace.excuse(clock.nowMs() - givenMs);
    }
  } finally {
    // Who waits for a piece is notified when it comes: no one waits for this.
    if (!isOver) from.return?.().catch(() => {});
  }
}

async function nextWithin<T>(
  from: AsyncIterator<T>,
  ms: number,
  { clock, signal }: PacedBy,
): Promise<IteratorResult<T>> {
  using limit = timeLimit(ms, signal, clock);
  try {
    return await abortable(from.next(), limit.signal);
  } catch (thrown) {
    throw limit.signal.aborted && !signal.aborted ? bodyRefused("late") : thrown;
  }
}
