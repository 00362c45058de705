/** Errors in the REST shape: status, headers and body. */

import { create, createRegistry, type JsonValue, toJson } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import { codeName } from "#errors/code-name.ts";
import { reasonOf, rowOf, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { httpStatusFrom } from "#errors/http-status.ts";
import type { HeaderList } from "#exchange/exchange.ts";
import {
  file_google_rpc_error_details,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { metadataFields } from "#protocol/metadata.ts";

/** What an error body says besides the error. */
export interface ErrorFacts {
  readonly requestId: string;
  /** When the error was given, in milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** An error, ready to be sent. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

const registry = createRegistry(file_google_rpc_error_details);

/** A detail as JSON with its type; one of a type unknown here as base64 of its bytes. */
function detailJson(detail: ConnectError["details"][number]): JsonValue {
  const any =
    "desc" in detail
      ? anyPack(detail.desc, create(detail.desc, detail.value))
      : create(AnySchema, { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value });
  const known = "desc" in detail ? createRegistry(detail.desc) : registry;
  try {
    return toJson(AnySchema, any, { registry: known, useProtoFieldName: true });
  } catch {
    return { "@type": any.typeUrl, value: Buffer.from(any.value).toString("base64") };
  }
}

/** The error, which names its status code where that is not its reason's: only the body says it then. */
function tellingCode(error: ConnectError): ConnectError {
  if (rowOf(error).code === error.code) return error;
  return withMetadata(error, { code: codeName(error.code) });
}

/** Whole seconds after which a new try makes sense, rounded up. */
function retryAfterSeconds(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay === undefined ? undefined : Number(delay.seconds) + (delay.nanos > 0 ? 1 : 0);
}

/** The `error` object alone, as the frames of a stream carry it. */
export function errorJson(error: ConnectError, facts: ErrorFacts): string {
  const named = tellingCode(faultFrom(error));
  return JSON.stringify({
    error: {
      code: reasonOf(named) ?? "INTERNAL",
      message: named.rawMessage,
      details: named.details.map(detailJson),
      timestamp: new Date(facts.wallMs).toISOString(),
      request_id: facts.requestId,
    },
  });
}

/** An error as a whole response, with its own metadata and the headers that HTTP asks for besides its status. */
export function restErrorBody(error: ConnectError, facts: ErrorFacts): ErrorResponse {
  const named = faultFrom(error);
  const status = httpStatusFrom(named);
  const headers: HeaderList[number][] = [
    ...metadataFields(named.metadata),
    ["content-type", "application/json"],
  ];
  const retryAfter = retryAfterSeconds(named);
  if (retryAfter !== undefined) headers.push(["retry-after", String(retryAfter)]);
  const isAsked = named.metadata.has("www-authenticate");
  if (status === 401 && !isAsked) headers.push(["www-authenticate", "Bearer"]);
  return { status, headers, body: errorJson(named, facts) };
}
