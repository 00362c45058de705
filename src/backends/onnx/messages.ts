/** What a worker is asked and what it answers: one question at a time, one answer each. */

import type { TensorSpec } from "#backends/backend.ts";
import type { NamedTensor } from "#core/tensor.ts";
import type { OwnedTensor } from "./rows.ts";

/** A model to hold under a key of the asker's choice. */
export interface SessionRequest {
  readonly key: string;
  /** Absolute path of the model. */
  readonly file: string;
  /** Runs on zeros before it counts as loaded. */
  readonly warmUpRuns: number;
  /** Settles open sizes of the inputs in warm-up runs. */
  readonly openShape?: readonly number[];
}

/** What a loaded model takes and gives. */
export interface SessionSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** A question to a worker. */
export type WorkerRequest =
  | ({ readonly kind: "load" } & SessionRequest)
  | { readonly kind: "unload"; readonly key: string }
  | { readonly kind: "run"; readonly key: string; readonly inputs: readonly OwnedTensor[] }
  /** Ends the worker once it is idle; there is no answer but its exit. */
  | { readonly kind: "close" };

/** The answer of a worker. */
export type WorkerReply =
  | { readonly kind: "loaded"; readonly signature: SessionSignature }
  | { readonly kind: "unloaded" }
  | {
      readonly kind: "ran";
      readonly outputs: readonly NamedTensor[];
      /** The model itself, in milliseconds. */
      readonly computeMs: number;
    }
  /** The library's own words: for the log, and for a caller only once they are cleaned. */
  | { readonly kind: "failed"; readonly message: string };
