/** What a connection reports to its owner, and asks of it: the contract. */

import type { BodyRefusal } from "#http/body-refused.ts";
import type { ErrorCode } from "./error-code.ts";
import type { HeadRefusal } from "./head-refusal.ts";
import type { Stream } from "./stream.ts";

/** The owner of a connection. Each call comes after all state has changed. */
export interface ConnectionHandler<S extends Stream> {
  /** Makes the object of a new stream. */
  createStream(id: number): S;
  /** A request's head, or a response's, informational ones included; read it off the stream. */
  onHead(stream: S): void;
  /** A request's head cannot be served: the owner responds. There is no `onHead`; the stream is reset after that. */
  onRefusedHead(stream: S, refusal: HeadRefusal): void;
  /**
   * A piece of the body. It may be kept, unless this returns false: its memory may then be freed.
   */
  onData(stream: S, payload: Buffer): boolean;
  /** The peer's message is whole; `trailers` are on the stream. */
  onEnd(stream: S): void;
  /** The stream is over, by both ends or by a break; called once for each that had a head. */
  onClose(stream: S): void;
  /** A writer that `data` asked to wait may go on. */
  onWritable(stream: S): void;
  /**
   * A stream has to give up what it holds, or a body does not come in its time: the owner fails
   * whoever reads the body, or resets the stream.
   */
  onRefusal(stream: S, reason: BodyRefusal): void;
  /** The peer's SETTINGS have come or changed, so perhaps the number of streams it takes. */
  onSettings(): void;
  /** The peer takes no streams past `lastId`; those above are already closed as unprocessed. */
  onGoaway(lastId: number, code: ErrorCode, debug: string): void;
  /** There is output where there was none. Not called from within `receive`. */
  onOutput(): void;
}
