/** What every backend offers to the rooms in front of it: the contract, in prose and types. */

import type { NamedTensor } from "#core/tensor.ts";
import type {
  ChatRequest,
  ChatResponse,
  Model,
  StreamChatResponse,
} from "#gen/polyagent/core/v1/core_pb.js";
import type { ModelSpec } from "#inference/model-spec.ts";

/** What travels with every call to a backend. */
export interface BackendCall {
  /** Aborts when the client is gone or the deadline has passed; the backend stops work at once. */
  readonly signal: AbortSignal;
  /** Identifier of the client's request, for the backend's logs. */
  readonly requestId: string;
  /** Milliseconds left until the deadline; absent when there is none. */
  readonly timeoutMs?: number;
}

/**
 * Answers chat: a PolyAgent core over gRPC, or the same core in this process.
 * Fails with BACKEND_LOST when the request may safely go elsewhere, BACKEND_FAILED when the core
 * broke, CANCELLED and DEADLINE_EXCEEDED when the signal aborted, else with the core's own status.
 */
export interface ChatBackend extends AsyncDisposable {
  /** One whole answer. */
  chat(request: ChatRequest, call: BackendCall): Promise<ChatResponse>;
  /** The answer in pieces; leaving the iteration cancels the call. */
  streamChat(request: ChatRequest, call: BackendCall): AsyncIterable<StreamChatResponse>;
  /** What the backend can be asked for. */
  listModels(signal: AbortSignal): Promise<readonly Model[]>;
  /** Resolves when the backend says that it serves; else rejects. */
  check(signal: AbortSignal): Promise<void>;
}

/** Where a model stands. */
export type ModelState = "available" | "loading" | "unloaded" | "failed";

/** The type of one input or output; -1 in a shape where any size is taken. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** A model of a predict backend, as it is now. */
export interface ModelStatus {
  /** Name in the repository. */
  readonly name: string;
  readonly state: ModelState;
  /** Version that serves; empty when none does. */
  readonly version: string;
  /** Why it failed to load, in words fit for a caller. */
  readonly error?: string;
  /** Empty until it was loaded once. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** What model.yaml says of it. */
  readonly spec: ModelSpec;
}

/** One inference. */
export interface InferRequest {
  /** Name of a model, not an alias. */
  readonly model: string;
  /** Empty means the version that serves. */
  readonly version: string;
  /** A lone input may have an empty name when the model takes only one. */
  readonly inputs: readonly NamedTensor[];
}

/** The outcome of one inference. */
export interface InferResponse {
  readonly outputs: readonly NamedTensor[];
  readonly version: string;
  /** Waiting for a worker, in milliseconds. */
  readonly queueMs: number;
  /** The model itself, in milliseconds. */
  readonly computeMs: number;
}

/**
 * Runs models on tensors. Fails with MODEL_UNKNOWN, MODEL_NOT_LOADED, MODEL_LOAD_FAILED,
 * TENSOR_INVALID (names the input), OVERLOADED (names the limit), CANCELLED, DEADLINE_EXCEEDED.
 */
export interface PredictBackend extends AsyncDisposable {
  /** Word for this kind on the wire, such as onnx. */
  readonly kind: string;
  /** Every model of the repository, sorted by name. */
  models(): readonly ModelStatus[];
  /** The model of this name or alias. */
  find(nameOrAlias: string): ModelStatus | undefined;
  infer(request: InferRequest, call: BackendCall): Promise<InferResponse>;
  /** Loads a model that does not serve; the version that serves stays until the new one is ready. */
  load(model: string, version: string): Promise<ModelStatus>;
  /** Stops serving; calls under way end first. */
  unload(model: string): Promise<ModelStatus>;
  /**
   * Reads model.yaml and weights anew; the old ones serve until then, and go on when it fails. One
   * that is no longer in the repository is unloaded and forgotten: MODEL_UNKNOWN.
   */
  reload(model: string): Promise<ModelStatus>;
}
