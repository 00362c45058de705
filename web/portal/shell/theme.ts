/** Light, dark, or as the system has it. */

import { readStorage, writeStorage } from "#web/data/refresh.ts";
import { createStore } from "#web/data/store.ts";

/** What may be chosen. */
export type Theme = "system" | "light" | "dark";

const storageKey = "polygate-theme";
const order: readonly Theme[] = ["system", "light", "dark"];

const stored = readStorage(storageKey);
export const theme = createStore<Theme>(
  stored === "light" || stored === "dark" ? stored : "system",
);

/** Chooses the one after the present one. */
export function nextTheme(): void {
  const next = order[(order.indexOf(theme.get()) + 1) % order.length] ?? "system";
  writeStorage(storageKey, next);
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  theme.set(next);
}
