/** A run of a model, as it is reported to those that asked for one. Types only. */

import type { InferResponse } from "#backends/backend.ts";

/** An inference that was done. */
export interface ModelRun extends InferResponse {
  /** Kind of the backend that ran it. */
  readonly backend: string;
  /** The pool that ran it; undefined where calls are not routed, or none did. */
  readonly pool: string | undefined;
}
