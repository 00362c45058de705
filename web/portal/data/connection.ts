/** Whether the gateway answers. While it does not, it is asked again, ever less often. */

import { readSession } from "#web/data/session.ts";
import { createStore } from "#web/data/store.ts";

/** Reachable, or since when not and when it is asked next; times in milliseconds since 1970. */
export type Connection =
  | { readonly state: "reachable" }
  | { readonly state: "lost"; readonly sinceMs: number; readonly nextTryMs: number };

const firstPauseMs = 500;
const longestPauseMs = 15_000;
const reachable: Connection = { state: "reachable" };

export const connection = createStore<Connection>(reachable);

const backListeners = new Set<() => void>();
let pauseMs = firstPauseMs;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Calls `listener` whenever the gateway answers again; the result ends that. */
export function onceBack(listener: () => void): () => void {
  backListeners.add(listener);
  return () => void backListeners.delete(listener);
}

/** Something was answered. */
export function connectionHeld(): void {
  if (connection.get().state === "reachable") return;
  clearTimeout(timer);
  pauseMs = firstPauseMs;
  connection.set(reachable);
  for (const listener of backListeners) listener();
}

/** A call did not reach the gateway. */
export function connectionLost(): void {
  if (connection.get().state === "lost") return;
  waitAndTry(Date.now());
}

/** Asks at once, without waiting for the pause to end. */
export function tryNow(): void {
  const now = connection.get();
  if (now.state === "reachable") return;
  clearTimeout(timer);
  void probe(now.sinceMs);
}

function waitAndTry(sinceMs: number): void {
  connection.set({ state: "lost", sinceMs, nextTryMs: Date.now() + pauseMs });
  timer = setTimeout(() => void probe(sinceMs), pauseMs);
  pauseMs = Math.min(pauseMs * 2, longestPauseMs);
}

async function probe(sinceMs: number): Promise<void> {
  try {
    await readSession();
    connectionHeld();
  } catch {
    waitAndTry(sinceMs);
  }
}

addEventListener("online", tryNow);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") tryNow();
});
