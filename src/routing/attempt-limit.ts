/** The time limit of one try. After it the backend call is cancelled, and the call may go elsewhere. */

import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";

/** What a try is bounded by. */
interface Bounded {
  readonly signal: AbortSignal;
}

/** A try with a time limit. Disposing of it removes the limit. */
export interface AttemptLimit<C extends Bounded> extends Disposable {
  /** The call as the backend is given it. */
  readonly call: C;
  /** The first message has come: the limit no longer applies. */
  answered(): void;
  /** What was thrown; BACKEND_TIMEOUT when this limit cancelled the call. */
  explain(thrown: unknown): unknown;
}

/** A try without a limit of its own. */
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

/** Limits one try to `timeoutMs`; undefined: only the call's own deadline applies. */
export function limitAttempt<C extends Bounded>(
  call: C,
  timeoutMs: number | undefined,
  clock: Clock,
): AttemptLimit<C> {
  if (timeoutMs === undefined) return new Unlimited(call);
  const over = new AbortController();
  const inTime = new AbortController();
  // Creating an error is expensive, and most calls need none.
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
