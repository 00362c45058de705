/** What reading or writing fails with when the connection is gone. */

/** The connection is over before the message was. */
export class ConnectionBrokenError extends Error {
  override readonly name = "ConnectionBrokenError";

  constructor() {
    super("the HTTP/1.1 connection was broken off");
  }
}
