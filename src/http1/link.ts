/** What an exchange asks of its connection: the contract. */

import type { OutputChunk } from "#http/write-chunks.ts";
import type { HeadEnds } from "./response-head.ts";

/**
 * The connection of an exchange. Who writes says who it is: a connection takes output of the request
 * at its head alone, so that no response can stand in the place of another's.
 */
export interface Link {
  /** It closes after the response, whatever the client wants. */
  readonly isLast: boolean;
  readonly headEnds: HeadEnds;
  /** Queues output, which must not change; false asks the writer to wait for `writable`. */
  send(from: object, chunk: OutputChunk): boolean;
  /** The response is whole in the output; the connection closes after it, or goes on. */
  answered(from: object, closes: boolean): void;
  /** Input that had to wait may be wanted again. */
  inputRead(): void;
  /** Breaks the connection off, so that the client sees that the response is not whole. */
  reset(from: object): void;
}
