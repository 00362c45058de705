/** What reading a body fails with when its sender, or the server, cannot go on with it. */

/** `late`: it came too slowly; `buffers_full`: there is no memory for more of it. */
export type BodyRefusal = "late" | "buffers_full";

/** The rest of the body is not taken. */
export class BodyRefusedError extends Error {
  override readonly name = "BodyRefusedError";
  readonly reason: BodyRefusal;

  constructor(reason: BodyRefusal) {
    super(
      reason === "late"
        ? "the body did not arrive in time"
        : "the buffers of the server have no room for the body",
    );
    this.reason = reason;
  }
}
