/** What a dialect is: an API of an LLM vendor, translated to and from the canonical chat by pure functions. */

import type { ConnectError } from "@connectrpc/connect";
import type { ChatRequest, ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import type { Json } from "./json-object.ts";
import type { ModelFacts } from "./model-facts.ts";

/** A request of a client in the canonical form: every turn has its `parts`, and no short form is set. */
export interface ReadRequest {
  readonly request: ChatRequest;
  /** Parameters that no other dialect has, by their place; a relay passes them on, a translation reports them. */
  readonly unknown: readonly string[];
  /** Chat completions: the client wants a frame with usage at the end of a stream. */
  readonly includeUsage?: boolean;
}

/** A frame of a stream: an SSE event, or a line of NDJSON. */
export interface Frame {
  /** Name of the SSE event; absent where the dialect names none. */
  readonly event?: string;
  readonly data: string;
}

/** What a client's side of a response needs besides the response. */
export interface ResponseFacts {
  /** What the client asked for, as it was read. */
  readonly request: ChatRequest;
  /** Seconds since the Unix epoch. */
  readonly createdSeconds: number;
  /** The same of now. */
  readonly nowSeconds: () => number;
  /** Identifier of the response where the provider has none; the same for all of its frames. */
  readonly responseId: string;
  /** Chat completions: the client wants a frame with usage. */
  readonly includeUsage: boolean;
}

/** Writes a stream to a client. */
export interface StreamWriter {
  /** The frames of an event. */
  write(event: ChatEvent): Frame[];
  /** A provider of the dialect said this itself: what is written from then on goes on from it. */
  follow?(words: Uint8Array): void;
  /** The last frames of a response that is whole. */
  end(): Frame[];
  /** The last frames of a response that failed: never a finish that did not happen. */
  fail(error: ConnectError): Frame[];
}

/** An error in the client's own shape, with the headers that its SDK obeys. */
export interface WrittenError {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Json;
}

/** The client's side of a dialect. */
export interface DialectServer {
  readonly name: ServerDialect;
  /** Throws PARAMETER_INVALID with the place of what does not fit. */
  readRequest(body: unknown): ReadRequest;
  writeResponse(response: ChatResponse, facts: ResponseFacts): Json;
  streamWriter(facts: ResponseFacts): StreamWriter;
  writeError(error: ConnectError, requestId: string): WrittenError;
}

/** Where a request goes. */
export interface Target {
  /** The model as the provider names it. */
  readonly model: string;
  readonly facts: ModelFacts;
  /** How the provider deviates from its dialect, such as xai; absent for the vendor itself. */
  readonly profile?: string;
}

/** A request in a provider's words. */
export interface WrittenRequest {
  readonly body: Json;
  /** Parameters that only tune and that the provider does not have. */
  readonly dropped: readonly string[];
}

/** Reads a provider's stream. */
export interface StreamReader {
  /** The events of a frame's data. Throws what the provider reports as an error. */
  read(frame: Frame): ChatEvent[];
  /** The connection has ended. Throws BACKEND_FAILED unless the response was whole. */
  end(): ChatEvent[];
}

/** What a provider sent instead of a response. */
export interface ErrorResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed where it was JSON, else text. */
  readonly body: unknown;
}

/** The provider's side of a dialect. */
export interface DialectClient {
  readonly name: DialectName;
  /** Throws PARAMETER_UNSUPPORTED for what would change the shape of the response. */
  writeRequest(request: ChatRequest, target: Target): WrittenRequest;
  /** Throws BACKEND_MALFORMED for what is no response of the dialect. */
  readResponse(body: unknown, target: Target): ChatResponse;
  streamReader(target: Target): StreamReader;
  readError(response: ErrorResponse): ConnectError;
}

/** How the frames of a stream follow each other on the wire. */
export type Framing = "sse" | "ndjson";

/** The dialects. */
export type DialectName = "openai-chat" | "openai-responses" | "anthropic" | "gemini" | "ollama";

/** Those that clients of the gateway speak. */
export type ServerDialect = Exclude<DialectName, "ollama">;
