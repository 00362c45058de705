/** What every backend offers to the rooms in front of it: the contract, in prose and types. */

import type { Conversation } from "#chat/normalize.ts";
import type { NamedTensor } from "#core/tensor.ts";
import type { TraceContext } from "#core/trace-context.ts";
import type { OperationPiece, OperationRequest } from "#dialects/relay/client-body.ts";
import type { Relay } from "#dialects/relay/relay.ts";
import type {
  StreamChatResponse as CorePiece,
  ChatRequest as CoreRequest,
  ChatResponse as CoreResponse,
  Model,
} from "#gen/polyagent/core/v1/core_pb.js";
import type { ChatResponse, CountTokensResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import type { EmbedRequest, EmbedResponse } from "#gen/polygate/v1/embeddings_pb.js";
import type { ModelSpec } from "#inference/model-spec.ts";

/** What travels with every call to a backend. */
export interface BackendCall {
  /** Aborts when the client is gone or the deadline has passed; the backend stops work at once. */
  readonly signal: AbortSignal;
  /** Identifier of the client's request, for the backend's logs. */
  readonly requestId: string;
  /** Milliseconds left until the deadline; absent when there is none. */
  readonly timeoutMs?: number | undefined;
  /** The trace that it belongs to, as it is sent to the backend; undefined where nothing is traced. */
  readonly trace?: TraceContext | undefined;
}

/** Who calls, as it is sent to backends. */
export interface Caller {
  /** Name of the credential, or anonymous. */
  readonly id: string;
  readonly scopes: ReadonlySet<string>;
  readonly group?: { readonly id: string };
}

/** What travels with every chat. */
export interface ChatCall extends BackendCall {
  /** For backends that learn who calls; absent where nobody does. */
  readonly caller?: Caller | undefined;
  /** The model as the backend names it; empty leaves it to the request, or to the backend. */
  readonly model: string;
  /** A response that the provider declines to give is a failure: somebody else is asked then. */
  readonly failsDeclined?: boolean | undefined;
  /** Notified of the parameters that the backend does not have and that were left out. */
  onDropped?(parameters: readonly string[]): void;
  /** The request in its client's words. A backend that speaks them sends those, and leaves its own there. */
  readonly relay?: Relay | undefined;
  /** The client's own credential for this backend; undefined where it sent none for it. */
  readonly clientKey?: ClientKey | undefined;
  /** The backend's own ids of files that the caller names by the gateway's. */
  ownFileId?(id: string): string;
}

/** A credential of a client's own, and the header that it came in; `bearer` is `authorization`. */
export interface ClientKey {
  readonly header: "bearer" | "x-api-key" | "x-goog-api-key";
  readonly value: string;
}

/** What a chat backend may be able to do besides chat. */
export type Ability = "embed" | "count_tokens" | "relay";

/** A model that a chat backend can be asked for. */
export interface ListedModel {
  readonly id: string;
  /** Who makes or serves it; empty when no one says. */
  readonly provider: string;
  readonly capabilities: readonly string[];
}

/**
 * Answers chat in the canonical language, whatever its own: a PolyAgent core or an LLM provider.
 * Fails with the reasons of the rows BACKEND_… (see errors/reason.ts), CANCELLED and
 * DEADLINE_EXCEEDED when the signal aborted.
 */
export interface ChatBackend extends AsyncDisposable {
  /** A whole response, either in parts or in its short form; `chat/short-form.ts` makes one of the other. */
  chat(request: Conversation, call: ChatCall): Promise<ChatResponse>;
  /** The response as events, those together that came together; leaving the iteration cancels the call. */
  streamChat(request: Conversation, call: ChatCall): AsyncIterable<readonly ChatEvent[]>;
  /** A vector for each input, in order. Absent where there are none. */
  embed?(request: EmbedRequest, call: ChatCall): Promise<EmbedResponse>;
  /** The tokens that a chat would read, exactly. Absent where no one counts. */
  countTokens?(request: Conversation, call: ChatCall): Promise<CountTokensResponse>;
  /** An operation of OpenAI's API, bytes in and bytes out. Absent where no one speaks that. */
  relay?(request: OperationRequest, call: ChatCall): AsyncIterable<OperationPiece>;
  /** What the backend can be asked for. */
  listModels(signal: AbortSignal): Promise<readonly ListedModel[]>;
  /** Resolves when the backend serves, which costs nothing to ask, with the HTTP status that it said so with, if any; else rejects. */
  check(signal: AbortSignal): Promise<unknown>;
}

/**
 * A PolyAgent core in its own language: over gRPC, or the same core in this process.
 * Fails with BACKEND_LOST when the request may safely go elsewhere, BACKEND_FAILED when the core
 * broke, CANCELLED and DEADLINE_EXCEEDED when the signal aborted, else with the core's own status.
 */
export interface CoreBackend extends AsyncDisposable {
  /** One whole response. */
  chat(request: CoreRequest, call: BackendCall): Promise<CoreResponse>;
  /** The response in pieces; leaving the iteration cancels the call. */
  streamChat(request: CoreRequest, call: BackendCall): AsyncIterable<CorePiece>;
  /** What the core can be asked for. */
  listModels(signal: AbortSignal): Promise<readonly Model[]>;
  /** Resolves when the core says that it serves; else rejects. */
  check(signal: AbortSignal): Promise<void>;
}

/** Where a model stands. */
export type ModelState = "available" | "loading" | "unloaded" | "failed";

/** The type of one input or output; -1 in a shape where any size is taken. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: string;
  /** Empty: a scalar, or any rank where `isScalar` does not say so. */
  readonly shape: readonly number[];
  /** The empty shape means one element, and nothing else. */
  readonly isScalar?: boolean;
  /** The model has a value for it. */
  readonly isOptional?: boolean;
}

/** A version of a model, as it is now. */
export interface VersionStatus {
  readonly version: string;
  readonly state: ModelState;
  /** Why it failed to load, in words fit for a caller. */
  readonly error?: string;
}

/** A model of a predict backend, as it is now. */
export interface ModelStatus {
  /** Name in the repository. */
  readonly name: string;
  /** Kind of the backend that it is on, such as tensorflow; that of the backend that was asked when absent. */
  readonly backend?: string;
  /** The group of servers that told it; absent where none did. */
  readonly group?: string;
  readonly state: ModelState;
  /** Version that answers requests which name none; empty when none serves. */
  readonly version: string;
  /** Every version that the backend knows of, the oldest first. Absent where it tells the one only. */
  readonly versions?: readonly VersionStatus[];
  /** Versions by label, such as `stable`. Absent where there are no labels. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What the model's file says of itself, such as `names`. Absent where that is not read. */
  readonly metadata?: Readonly<Record<string, string>>;
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
  /** Name of a model, as `find` or `status` tells it. */
  readonly model: string;
  /** Empty leaves the choice to `label`, and without one to the backend. */
  readonly version: string;
  /** Name of a version, such as `canary`; absent or empty when none is meant. */
  readonly label?: string;
  /** The version that `version` and `label` have come to already; who does not serve it goes by those. */
  readonly settled?: string;
  /** A lone input may have an empty name when the model takes only one. */
  readonly inputs: readonly NamedTensor[];
}

/** A version whose responses may be given to equal requests. */
export interface KeepableVersion {
  readonly version: string;
  /** Another one each time that the version is loaded, as far as that can be seen. */
  readonly load: string;
  /** The pool that has it; absent where calls are not routed. */
  readonly pool?: string;
}

/** How often something happened, and how long it took in all. */
export interface Tally {
  readonly count: number;
  readonly totalMs: number;
}

/** Why an inference failed, in Triton's words. */
export type InferFailure = "REJECTED" | "CANCELED" | "BACKEND" | "OTHER";

/** How a version's outputs for copies of requests compare with those that were answered. */
export interface ShadowStatistics {
  /** Copies that it ran; what came of them was thrown away. */
  readonly compared: number;
  /** Of these, those with the same outputs: within a thousandth, or with the same best labels. */
  readonly agreed: number;
  /** Copies that failed. */
  readonly failed: number;
  /** Copies that were not made because too many requests waited. */
  readonly skipped: number;
}

/** What one version of a model has done since the start. */
export interface InferStatistics {
  readonly model: string;
  readonly version: string;
  /** Rows that were inferred: a request with a batch of three counts three. */
  readonly inferences: number;
  /** Runs of the model: requests that ran as one count once. */
  readonly executions: number;
  /** When the last one ended, in milliseconds since 1970; 0 when there was none. */
  readonly lastMs: number;
  /** Requests that were answered, from their arrival in the backend to the answer. */
  readonly success: Tally;
  /** Requests that were not. */
  readonly fail: Tally;
  readonly failures: Readonly<Record<InferFailure, number>>;
  /** Waiting for a worker. */
  readonly queue: Tally;
  /** From what a client sent to tensors. */
  readonly preprocess: Tally;
  /** The model itself; the time of a batch counts for each of its requests. */
  readonly compute: Tally;
  /** From tensors to what the client is given. */
  readonly postprocess: Tally;
  /** Requests that were answered from the cache: among `success`, and neither inferences nor executions. */
  readonly cacheHit: Tally;
  /** Requests that were to be, and were not. */
  readonly cacheMiss: Tally;
  /** What it did with copies of requests that another version answered; absent when it had none. */
  readonly shadow?: ShadowStatistics;
  /** Runs by their number of rows, the fewest first. */
  readonly batches: readonly { readonly rows: number; readonly compute: Tally }[];
}

/** Texts to make vectors of. */
export interface EmbedTexts {
  /** Name of a model, not an alias. */
  readonly model: string;
  /** Empty leaves the choice to the backend. */
  readonly version: string;
  readonly texts: readonly string[];
}

/** A vector for each of some texts. */
export interface TextVectors {
  /** In the order of the texts. */
  readonly vectors: readonly Float32Array[];
  readonly version: string;
  /** Tokens that the model read. */
  readonly tokens: number;
  /** Texts that were longer than the model reads, and were cut off. */
  readonly cutTexts: number;
  /** Tokens that were cut off of them: at least so many. */
  readonly cutTokens: number;
}

/** What the rooms in front of a backend did for one inference. */
export interface InferHandling {
  readonly model: string;
  readonly version: string;
  /** Absent where there was nothing to do. */
  readonly preprocessMs?: number;
  readonly postprocessMs?: number;
  /** What the cache had, and how long that took: to find out for a miss, to the response for a hit. */
  readonly cache?: { readonly result: "hit" | "miss"; readonly ms: number };
}

/** The outcome of one inference. */
export interface InferResponse {
  readonly outputs: readonly NamedTensor[];
  readonly version: string;
  /** Kind of the backend that ran it; that of the backend that was asked when absent. */
  readonly backend?: string;
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
  /** The model of this name or alias, as far as it is known without asking anybody. */
  find(nameOrAlias: string): ModelStatus | undefined;
  /** The same, asked of whoever may have it; MODEL_UNKNOWN. Absent where `find` knows them all. */
  status?(ref: ModelRef, call: BackendCall): Promise<ModelStatus>;
  /**
   * What `status` resolved with a moment ago for a model that serves, so that an inference need not ask;
   * undefined where it has to. Who would refuse something by it asks first.
   */
  recent?(ref: ModelRef): ModelStatus | undefined;
  /** Calls are tried on endpoints, and reported, by routing. */
  readonly isRouted?: boolean;
  /**
   * The version that a request means, where its owner lets equal requests have one response; undefined
   * where not, or where none serves. `status` is what has just been reported of the model.
   */
  keepable?(
    status: ModelStatus,
    ref: ModelRef,
    call: BackendCall,
  ): Promise<KeepableVersion | undefined>;
  infer(request: InferRequest, call: BackendCall): Promise<InferResponse>;
  /**
   * A vector for each text; any number of them. Fails with OPERATION_UNSUPPORTED where the model
   * makes none, else like `infer`. Absent where no model reads texts.
   */
  embed?(request: EmbedTexts, call: BackendCall): Promise<TextVectors>;
  /** Loads a model that does not serve; the version that serves stays until the new one is ready. */
  load(model: string, version: string): Promise<ModelStatus>;
  /** Stops serving; active calls end first. */
  unload(model: string): Promise<ModelStatus>;
  /**
   * Reads model.yaml and weights again; the old ones serve until then, and go on when it fails. One
   * that is no longer in the repository is unloaded and forgotten: MODEL_UNKNOWN.
   */
  reload(model: string): Promise<ModelStatus>;
  /** What each version has done, by model and version. Absent where no one counts. */
  statistics?(): readonly InferStatistics[];
  /** Adds the time that pre- and post-processing took. Absent where no one counts. */
  observe?(handling: InferHandling): void;
}

/** Which version of a model is meant, as in InferRequest. */
export type ModelRef = Pick<InferRequest, "model" | "version" | "label">;

/**
 * A server of models on the other side of a connection, one endpoint of a pool. Fails with
 * BACKEND_MODEL_MISSING when it has no such model or version, TENSOR_INVALID, the reasons of the rows
 * BACKEND_…, OVERLOADED, CANCELLED and DEADLINE_EXCEEDED.
 */
export interface ModelServer extends AsyncDisposable {
  /** Word for this kind on the wire, such as tensorflow. */
  readonly kind: string;
  /** Resolves when the server answers; else rejects. */
  check(signal: AbortSignal): Promise<void>;
  /** How a model stands there, and what it takes and gives as far as the server tells. */
  describe(ref: ModelRef, call: BackendCall): Promise<ModelStatus>;
  /** Names of its models. Absent where no one can be asked for them. */
  listModels?(call: BackendCall): Promise<readonly string[]>;
  /** Inputs are sent as they are: checking them against `describe` is the caller's. */
  infer(request: InferRequest, call: BackendCall): Promise<InferResponse>;
}
