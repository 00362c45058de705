/** What an exchange asks of its connection: the contract. */

import type { OutputChunk } from "#http/write-chunks.ts";
import type { HeadEnds } from "./response-head.ts";

/** The connection of an exchange. */
export interface Link {
  /** It closes behind the answer, whatever the client wants. */
  readonly isDraining: boolean;
  readonly headEnds: HeadEnds;
  /** Queues output, which must not change; false asks the writer to wait for `writable`. */
  send(chunk: OutputChunk): boolean;
  /** The answer is whole in the output; the connection closes behind it, or goes on. */
  answered(closes: boolean): void;
  /** Input that had to wait may be wanted again. */
  inputRead(): void;
  /** Breaks the connection off, so that the client sees that the answer is not whole. */
  reset(): void;
}
