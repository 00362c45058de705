/** What went wrong with a database, in words that hold nothing of its URL but host and port. Pure. */

/** An error of a driver or of the system, as far as it says what it is about. */
interface DriverError extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
}

/** SQLSTATE of servers that cannot be reached, are full, go down or up, take no writes yet, or keep others waiting. */
const awayState = /^(08|40|53|57P|25006$|55P03$)/;
/** What the driver says without a code. */
const awayText = /^(Connection terminated|timeout (expired|exceeded)|Query read timeout)/;

/** A database that failed. It has no cause: errors of a driver may hold its settings. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  /** SQLSTATE, or the system's code. */
  readonly code: string | undefined;
  /** It cannot be reached, or not now: trying again may help. Else somebody must do something. */
  readonly isAway: boolean;

  constructor(message: string, facts: { readonly code?: string; readonly isAway: boolean }) {
    super(message);
    this.code = facts.code;
    this.isAway = facts.isAway;
  }
}

/** Whatever was thrown, in words for the operator. */
export function databaseError(thrown: unknown): DatabaseError {
  if (thrown instanceof DatabaseError) return thrown;
  // Of a host with several addresses: one error for each.
  const inner: unknown = thrown instanceof AggregateError ? (thrown.errors[0] ?? thrown) : thrown;
  if (!(inner instanceof Error)) return new DatabaseError("it failed", { isAway: false });
  const { message, code, syscall }: DriverError = inner;
  const text =
    typeof code === "string" && !message.includes(code) ? `${message} (${code})` : message;
  const isAway =
    syscall !== undefined ||
    awayText.test(message) ||
    (typeof code === "string" && awayState.test(code));
  return new DatabaseError(text, { isAway, ...(typeof code === "string" && { code }) });
}
