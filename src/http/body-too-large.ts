/** What reading a body fails with when it is longer than its reader takes. */

/** Names the limit in bytes. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  readonly bytesMax: number;

  constructor(bytesMax: number) {
    super(`the body exceeds ${bytesMax} bytes`);
    this.bytesMax = bytesMax;
  }
}
