/** A claim on a member for one call: it counts the call in flight, and its outcome once. */

import type { Member, Outcome } from "./member.ts";

/** Held for the length of a call. Disposal without an outcome counts the call as cancelled. */
export interface Lease<B> extends Disposable {
  readonly id: string;
  readonly backend: B;
  /** Ends the claim; only the first outcome counts. */
  settle(outcome: Outcome): void;
}

/** Claims `member`; `onLost` hears at once when its connection failed. */
export function createLease<B>(member: Member<B>, onLost: () => void): Lease<B> {
  let settled = false;
  member.begin();
  const settle = (outcome: Outcome) => {
    if (settled) return;
    settled = true;
    member.end(outcome);
    if (outcome === "lost") onLost();
  };
  return {
    id: member.id,
    backend: member.backend,
    settle,
    [Symbol.dispose]: () => settle("cancelled"),
  };
}
