/** Single keys: `g` and a letter open a page, `r` reads again, `t` changes the theme, `/` finds the filter. */

import { useEffect } from "react";
import { navigate } from "#web/data/address.tsx";
import { queryClient } from "#web/data/transport.ts";
import { pages } from "#web/shell/pages.ts";
import { nextTheme } from "#web/shell/theme.ts";

const sequenceMs = 1500;

/** Where letters are text, or where a dialog is open, they are no commands. */
function isTyping({ target }: KeyboardEvent): boolean {
  return (
    target instanceof Element &&
    target.closest("input, textarea, select, dialog, [contenteditable]") !== null
  );
}

const commands: Readonly<Record<string, () => void>> = {
  r: () => void queryClient.invalidateQueries(),
  t: nextTheme,
  "/": () => document.querySelector<HTMLElement>("[data-filter]")?.focus(),
};

/** Takes the keys while the portal is shown. */
export function useShortcuts(): void {
  useEffect(() => {
    let goUntilMs = 0;
    const take = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const page = pages.find(({ letter }) => letter === event.key);
      if (goUntilMs > event.timeStamp && page !== undefined) {
        navigate(`/${page.path}`);
        goUntilMs = 0;
      } else if (event.key === "g") {
        goUntilMs = event.timeStamp + sequenceMs;
      } else if (commands[event.key] !== undefined) {
        event.preventDefault();
        commands[event.key]?.();
      }
    };
    document.addEventListener("keydown", take);
    return () => document.removeEventListener("keydown", take);
  }, []);
}
