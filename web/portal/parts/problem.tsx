/** Why something failed: in words, with the gateway's reason, the call's id and what to do. */

import { failureOf } from "#web/data/failure.ts";

interface Props {
  readonly error: unknown;
  /** Absent where trying again makes no sense. */
  readonly again?: () => unknown;
}

/** A failure in place of what was wanted. */
export function Problem({ error, again }: Props) {
  const { title, message, reason, requestId, isLasting } = failureOf(error);
  return (
    <div className={isLasting ? "problem denied" : "problem"} role={isLasting ? "note" : "alert"}>
      <strong>{title}</strong>
      <p>{message}</p>
      <p className="dim small">
        {reason !== "" && <code>{reason}</code>} {requestId !== "" && <code>{requestId}</code>}
      </p>
      {again !== undefined && !isLasting && (
        <button type="button" onClick={() => void again()}>
          Try again
        </button>
      )}
    </div>
  );
}
