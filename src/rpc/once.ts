/** A stream of one message. */

/** An iterable that gives the message, and then ends. */
export async function* once<T>(message: T): AsyncGenerator<T, void, undefined> {
  yield message;
}
