/** A call in the console: the text of its request, and how far it has come. */

import type { DescMethod } from "@bufbuild/protobuf";
import { duration } from "#web/data/format.ts";
import type { Call } from "#web/pages/call-method.ts";
import { Problem } from "#web/parts/problem.tsx";

interface RequestTextProps {
  readonly method: DescMethod;
  readonly text: string;
  readonly change: (text: string) => void;
}

/** A field for a request as JSON; Enter with Ctrl or ⌘ sends the form. */
export function RequestText({ method, text, change }: RequestTextProps) {
  return (
    <label>
      {method.input.name} as JSON
      <textarea
        className="mono"
        rows={Math.min(20, text.split("\n").length + 1)}
        value={text}
        spellCheck={false}
        onChange={({ target }) => change(target.value)}
        onKeyDown={({ key, ctrlKey, metaKey, currentTarget }) => {
          if (key === "Enter" && (ctrlKey || metaKey)) currentTarget.form?.requestSubmit();
        }}
      />
    </label>
  );
}

/** What was sent and what came, in order, and how it ended. */
export function CallView({
  call: { messages, dropped, requestId, tookMs, error },
}: {
  readonly call: Call;
}) {
  const isBothWays = messages.some(({ isSent }) => isSent);
  return (
    <div className="call" aria-live="polite">
      <p className="small">
        {tookMs === undefined ? "In progress" : `Ended after ${duration(tookMs)}`}
        {requestId !== "" && ` · ${requestId}`}
        {dropped > 0 && ` · ${dropped} earlier messages are not shown`}
      </p>
      {error !== undefined && <Problem error={error} />}
      {messages.map(({ number, json, isSent }) => (
        <div key={number} className={isSent ? "message sent" : "message"}>
          {isBothWays && <span className="small">{isSent ? "Sent" : "Received"}</span>}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
          <pre tabIndex={0}>{json}</pre>
        </div>
      ))}
    </div>
  );
}
