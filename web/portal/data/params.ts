/** What the address says beside the page: filters, periods and selections survive a reload and can be sent. */

import { useSearchParams } from "wouter";

/** The parameter `name` of the address, and how it is changed; `initial` is not written. */
export function useParam(name: string, initial = ""): [string, (value: string) => void] {
  const [params, setParams] = useSearchParams();
  const set = (value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value === initial) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return [params.get(name) ?? initial, set];
}
