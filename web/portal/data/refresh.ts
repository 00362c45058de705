/** How often what is shown is read again; chosen by the user, kept by the browser. */

import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { useQuery } from "@connectrpc/connect-query";
import { connection } from "#web/data/connection.ts";
import { createStore, useStore } from "#web/data/store.ts";

/** Seconds that may be chosen; 0 is never. */
export const refreshChoices: readonly number[] = [0, 2, 5, 30, 60];

const storageKey = "polygate-refresh-seconds";

function storedSeconds(): number {
  const stored = Number(readStorage(storageKey) ?? "5");
  return refreshChoices.includes(stored) ? stored : 5;
}

/** What the browser keeps under `key`; nothing where it keeps nothing. */
export function readStorage(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Has the browser keep `value`, where it may. */
export function writeStorage(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It holds until the page is left.
  }
}

export const refreshSeconds = createStore(storedSeconds());

/** Chooses the time between two readings. */
export function chooseRefresh(seconds: number): void {
  writeStorage(storageKey, String(seconds));
  refreshSeconds.set(seconds);
}

/** A unary method's answer: read at once, again as chosen while the page is seen, and never while the gateway is away. */
export function useRead<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  input?: MessageInitShape<I>,
  { isFixed = false }: { readonly isFixed?: boolean } = {},
) {
  const seconds = useStore(refreshSeconds);
  const { state } = useStore(connection);
  const interval = isFixed || seconds === 0 || state === "lost" ? false : seconds * 1000;
  return useQuery(method, input, {
    refetchInterval: ({ state: { error } }) => (error?.code === 7 ? false : interval),
    placeholderData: (before) => before,
  });
}
