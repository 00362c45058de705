/** What stands where something is still loading. */

import { useEffect, useState } from "react";

const patienceMs = 150;

/** Bars in place of what comes; nothing at first, so that what is quick does not flicker. */
export function Skeleton({ lines }: { readonly lines: number }) {
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsSeen(true), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={isSeen ? "skeleton seen" : "skeleton"} role="status" aria-busy="true">
      <span className="hidden">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are alike
        <i key={line} />
      ))}
    </div>
  );
}
