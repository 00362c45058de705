/** What surfaces know of a model before they read an inference: its tensors, and how its versions are. */

/** The type of one input or output; -1 in a shape where any size is taken. */
export interface ServedTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** How a model, or a version of it, is. */
export interface ServedVersion {
  readonly version: string;
  /** available, loading, unloaded or failed. */
  readonly state: string;
  /** Why it failed to load. */
  readonly error?: string;
}

/** A model as far as surfaces need to know it. */
export interface ServedModel extends ServedVersion {
  readonly name: string;
  /** Absent where the one version is all that is known. */
  readonly versions?: readonly ServedVersion[];
  /** Versions by label. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Empty until it was loaded once. */
  readonly inputs: readonly ServedTensor[];
  readonly outputs: readonly ServedTensor[];
}

/** Which model is meant: by its name or alias, and by a version or a label of one. */
export interface WantedModel {
  readonly model: string;
  readonly version: string;
  readonly label?: string;
}

/** Finds a model for a call. Rejects with MODEL_UNKNOWN. */
export type FindModel = (
  wanted: WantedModel,
  call: { readonly signal: AbortSignal; readonly requestId: string },
) => Promise<ServedModel>;
