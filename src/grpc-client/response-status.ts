/** How a call ended, read from its response (PROTOCOL-HTTP2.md, http-grpc-status-mapping.md). Pure. */

import { Code } from "@connectrpc/connect";
import type { Field } from "#http2/field.ts";
import { isMetadata, Metadata } from "#protocol/metadata.ts";
import { GrpcError } from "./grpc-error.ts";

/** A response that has ended. */
export interface EndedResponse {
  /** Of HTTP. */
  readonly status: number;
  readonly fields: readonly Field[];
  readonly trailers: readonly Field[];
}

/** The code that stands for an HTTP status when there is no status of gRPC. */
function codeOfHttpStatus(status: number): Code {
  switch (status) {
    case 400:
      return Code.Internal;
    case 401:
      return Code.Unauthenticated;
    case 403:
      return Code.PermissionDenied;
    case 404:
      return Code.Unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return Code.Unavailable;
    default:
      return Code.Unknown;
  }
}

/** Text of a grpc-message. What is no escape stays as it is. */
export function messageFromWire(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
}

/** The first value of a field. */
function firstOf(fields: readonly Field[], name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}

/** Fields without those of gRPC and HTTP; made into objects when somebody looks. */
export function metadataOf(fields: readonly Field[]): Metadata {
  return new Metadata({
    header(name) {
      if (!isMetadata(name)) return undefined;
      const values = fields.filter((field) => field.name === name).map(({ value }) => value);
      return values.length === 0 ? undefined : values.join(", ");
    },
    *headers() {
      for (const { name, value } of fields) if (isMetadata(name)) yield [name, value];
    },
  });
}

/** Why the head of a response cannot begin one of gRPC; undefined when it can. */
export function refusalOfHead({ status, fields }: EndedResponse): GrpcError | undefined {
  const contentType = firstOf(fields, "content-type");
  // As most servers write it.
  if (status === 200 && contentType === "application/grpc") return undefined;
  const format = /^application\/grpc(?:\+([^;]*))?(?:$|;)/i.exec(contentType ?? "");
  if (format !== null && (status === 200 || firstOf(fields, "grpc-status") !== undefined)) {
    if ((format[1] ?? "proto").trim() === "proto") return undefined;
    return new GrpcError(Code.Internal, "the server answered in another format than protobuf");
  }
  const told = status === 200 ? "no content type of gRPC" : `HTTP status ${status}`;
  return new GrpcError(codeOfHttpStatus(status), `the server answered with ${told}`);
}

/**
 * The error that a response ended with; undefined for OK. Without a body its head may hold the
 * status (Trailers-Only).
 */
export function errorOfResponse(answer: EndedResponse, hasBody: boolean): GrpcError | undefined {
  const refusal = refusalOfHead(answer);
  if (refusal !== undefined) return refusal;
  const { fields, trailers } = answer;
  const last = trailers.length === 0 && !hasBody ? fields : trailers;
  const status = firstOf(last, "grpc-status");
  if (status === "0") return undefined;
  if (status === undefined) {
    return new GrpcError(Code.Internal, "the server ended its response without a status");
  }
  const code = /^\d{1,2}$/.test(status) && Number(status) <= 16 ? Number(status) : Code.Unknown;
  const details = firstOf(last, "grpc-status-details-bin");
  return new GrpcError(code, messageFromWire(firstOf(last, "grpc-message") ?? ""), {
    trailer: metadataOf(last),
    ...(last === fields ? {} : { header: metadataOf(fields) }),
    ...(details === undefined ? {} : { details: Buffer.from(details, "base64") }),
  });
}
