/** What embeddings are in a vendor's API: translated to and from the canonical request and response by pure functions. */

import type { EmbedRequest, EmbedResponse } from "#gen/polygate/v1/embeddings_pb.js";
import type { Target, WrittenRequest } from "./dialect.ts";

/** A client's request in the canonical form. */
export interface ReadEmbedRequest {
  readonly request: EmbedRequest;
  /** Parameters that no one knows, by their place. */
  readonly unknown: readonly string[];
  /** Vectors are sent as base64 of 32-bit floats. */
  readonly isBase64: boolean;
}

/** The client's side. */
export interface EmbedServer {
  /** Throws PARAMETER_INVALID with the place of what does not fit. */
  read(body: unknown): ReadEmbedRequest;
  /** The JSON text of a response, in pieces of a vector each. */
  write(response: EmbedResponse, read: ReadEmbedRequest): Iterable<string>;
  /** The place in the client's body of a field of the canonical request, such as `inputs[2].text`. */
  placeOf(field: string): string;
}

/** The provider's side. */
export interface EmbedClient {
  /** Throws PARAMETER_UNSUPPORTED for what would change the vectors' shape, or cannot be sent. */
  write(request: EmbedRequest, target: Target): WrittenRequest;
  /**
   * Throws BACKEND_MALFORMED for what is no response of the dialect, or has not `count` vectors. Yields
   * after each vector, so that others may have their turn.
   */
  read(body: unknown, count: number): Generator<void, EmbedResponse>;
}

/** Most inputs of one request. */
export const inputsMax = 2048;
/** Greatest length of a vector that may be asked for. */
export const dimensionsMax = 65_536;
