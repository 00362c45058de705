/** What went wrong with Redis, in words that hold nothing of its credentials. Pure. */

/** Longest text of a server that is kept, in characters. */
const textLengthMax = 200;

/** A command that had no reply in time, or none at all. It has no cause: errors of a driver hold commands, and AUTH is one. */
export class RedisError extends Error {
  override readonly name = "RedisError";
}

/** Whatever was thrown, in words for the operator. */
export function redisError(thrown: unknown): RedisError {
  if (thrown instanceof RedisError) return thrown;
  const inner: unknown = thrown instanceof AggregateError ? (thrown.errors[0] ?? thrown) : thrown;
  const text = inner instanceof Error ? inner.message.trim() : "";
  return new RedisError(text === "" ? "it failed" : text.slice(0, textLengthMax));
}
