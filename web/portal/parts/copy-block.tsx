/** A text to paste elsewhere, with a button that copies it. */

import { useRef, useState } from "react";

/** Text in a fixed pitch. Where the browser lets no page write to its clipboard, the text is selected. */
export function CopyBlock({ label, text }: { readonly label: string; readonly text: string }) {
  const block = useRef<HTMLPreElement>(null);
  const [isCopied, setIsCopied] = useState(false);
  const copy = async () => {
    if (block.current !== null) getSelection()?.selectAllChildren(block.current);
    // Absent beyond TLS and loopback.
    if (!("clipboard" in navigator)) return;
    await navigator.clipboard.writeText(text);
    setIsCopied(true);
    setTimeout(() => setIsCopied(false), 1500);
  };
  return (
    <div className="copy">
      <div className="copy-head">
        <span>{label}</span>
        <button
          type="button"
          className="link"
          onClick={() => void copy()}
          aria-label={`Copy ${label}`}
        >
          {isCopied ? "Copied" : "Copy"}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre ref={block} tabIndex={0}>
        {text}
      </pre>
    </div>
  );
}
