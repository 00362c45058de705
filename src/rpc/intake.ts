/** The intake of a call, the same for every surface: its head and deadline, its admission, its message, in this order. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { CallPath } from "./call.ts";
import type { ExchangeCall } from "./exchange-call.ts";

type Calls = Pick<CallPath, "admit" | "failed" | "whileOpen">;

/** Takes a failure through the interceptors, which may have a better one: a caller without a key learns that first. */
async function refused(
  calls: Calls,
  method: DescMethod,
  call: ExchangeCall,
  thrown: unknown,
): Promise<never> {
  throw await calls.failed(method, call, thrown);
}

/**
 * What `readHead` makes of all that comes before the body, the deadline above all, once the caller is
 * admitted. Throws or rejects as the call itself would, with its line in the log and its place in
 * metrics; a promise only where there is something to wait for.
 */
export function admitted<H>(
  calls: Calls,
  method: DescMethod,
  call: ExchangeCall,
  readHead: () => H,
): H | Promise<H> {
  let head: H;
  try {
    head = readHead();
  } catch (thrown) {
    return refused(calls, method, call, thrown);
  }
  return calls.admit(method, call)?.then(() => head) ?? head;
}

/** The message that `read` makes of the body of a call that was admitted; fails as `admitted` does. */
export function received<M>(
  calls: Calls,
  method: DescMethod,
  call: ExchangeCall,
  read: () => M | Promise<M>,
): M | Promise<M> {
  try {
    const message = read();
    if (!(message instanceof Promise)) return message;
    return message.catch((thrown: unknown) => refused(calls, method, call, thrown));
  } catch (thrown) {
    return refused(calls, method, call, thrown);
  }
}

/** What `work` settles to, for a call that has not begun: or its passed deadline, or the server's end. */
export function inTime<T>(
  calls: Calls,
  call: ExchangeCall,
  work: (source: { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  return call.reading((source) => calls.whileOpen(work(source)));
}
