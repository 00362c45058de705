/** What counting tokens is in a vendor's API, without a response being made: translated by pure functions. */

import type { ChatRequest, CountTokensResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ReadRequest, Target, WrittenRequest } from "./dialect.ts";
import type { Json } from "./json-object.ts";

/** The client's side. */
export interface CountServer {
  /** Throws PARAMETER_INVALID with the place of what does not fit. */
  read(body: unknown): ReadRequest;
  write(response: CountTokensResponse): Json;
}

/** The provider's side, for providers that count exactly. */
export interface CountClient {
  /** Throws PARAMETER_UNSUPPORTED for what a chat would be refused for. */
  write(request: ChatRequest, target: Target): WrittenRequest;
  /** Throws BACKEND_MALFORMED for what holds no number. */
  read(body: unknown): CountTokensResponse;
}

/** The fields of a chat's body that a count takes too. */
export function fieldsOf(body: Json, names: readonly string[]): Json {
  return Object.fromEntries(
    names.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]),
  );
}
