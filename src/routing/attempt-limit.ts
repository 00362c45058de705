/** The time that one try may take: past it the backend is asked to stop, and the call may go elsewhere. */

import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";

/** What a try is bounded by. */
interface Bounded {
  readonly signal: AbortSignal;
}

/** A bounded try. Disposing of it ends the bound. */
export interface AttemptLimit<C extends Bounded> extends Disposable {
  /** The call as the backend is given it. */
  readonly call: C;
  /** The first message is there: the try has answered in time. */
  answered(): void;
  /** What was thrown, or BACKEND_TIMEOUT when it was this limit that stopped the backend. */
  explain(thrown: unknown): unknown;
}

/** A try that has the call's own time only. */
class Unlimited<C extends Bounded> implements AttemptLimit<C> {
  readonly call: C;

  constructor(call: C) {
    this.call = call;
  }

  answered(): void {}

  explain(thrown: unknown): unknown {
    return thrown;
  }

  [Symbol.dispose](): void {}
}

/** Bounds one try to `timeoutMs`; undefined leaves it the call's own time only. */
export function limitAttempt<C extends Bounded>(
  call: C,
  timeoutMs: number | undefined,
  clock: Clock,
): AttemptLimit<C> {
  if (timeoutMs === undefined) return new Unlimited(call);
  const over = new AbortController();
  const inTime = new AbortController();
  // An error costs more than most of a call's way, and most calls need none.
  const late = () =>
    fault("BACKEND_TIMEOUT", `no response within ${timeoutMs} ms (load_balancer.timeout)`);
  clock.sleep(timeoutMs, inTime.signal).then(
    () => over.abort(late()),
    () => {}, // answered in time
  );
  return {
    call: { ...call, signal: AbortSignal.any([call.signal, over.signal]) },
    answered: () => inTime.abort(),
    explain: (thrown) =>
      over.signal.aborted && !call.signal.aborted ? over.signal.reason : thrown,
    [Symbol.dispose]: () => inTime.abort(),
  };
}
