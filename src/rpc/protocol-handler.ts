/** What all protocol handlers share: the methods they serve, their limits, and how a request's fields are read. */

import type { DescMethod, Message, Registry } from "@bufbuild/protobuf";
import { Code, ConnectError, type ContextValues } from "@connectrpc/connect";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Exchange } from "#exchange/exchange.ts";
import { type Coding, codingNames, codingOf } from "#protocol/compression.ts";
import type { Decompressor } from "#protocol/decompressor.ts";
import type { TimeoutField } from "#protocol/timeout.ts";
import type { CallPath } from "./call.ts";
import { deadlinePassed } from "./call-scope.ts";
import type { Codec } from "./codec.ts";
import type { Format, RpcType } from "./content-type.ts";

/** A method as it is served. */
export interface Procedure {
  readonly method: DescMethod;
  /** Its path, such as /polygate.v1.ChatService/Chat. */
  readonly path: string;
  readonly codecs: Readonly<Record<Format, Codec>>;
}

/** What protocol handlers are built from. */
export interface ProtocolHandlerOptions {
  readonly calls: CallPath;
  /** Types that errors and google.protobuf.Any may carry. */
  readonly registry: Registry;
  /** Largest message that is read, in bytes, decompressed. */
  readonly readBytesMax: number;
  /** What all calls hold in memory. */
  readonly buffers: ByteBudget;
  readonly decompressor: Decompressor;
  readonly clock: Clock;
  /** Largest message that is sent, in bytes, before compression. */
  readonly sendBytesMax: number;
  /** Messages below this many bytes are not worth compressing. */
  readonly compressBytesMin: number;
  /** Errors of this project's own go without details. */
  readonly plainErrors: boolean;
  /** Leading metadata of a gRPC error goes with its status. */
  readonly trailersOnlyErrors: boolean;
}

/** A request that a protocol handler serves. */
export interface RpcRequest {
  readonly exchange: Exchange;
  readonly procedure: Procedure;
  readonly type: RpcType;
  readonly values: ContextValues;
}

/**
 * The time that a field gives the call. Throws PARAMETER_INVALID with `malformedCode`, and
 * DEADLINE_EXCEEDED when there is none left.
 */
export function timeoutMsOf(
  exchange: Exchange,
  field: TimeoutField,
  malformedCode: Code,
): number | undefined {
  const text = exchange.header(field.name);
  if (text === undefined) return undefined;
  const timeoutMs = field.timeoutMs(text);
  if (timeoutMs === 0) throw deadlinePassed();
  if (timeoutMs !== undefined) return timeoutMs;
  const description = `expected ${field.expected}`;
  throw fault("PARAMETER_INVALID", `${field.name}: ${description}`, {
    code: malformedCode,
    fields: [{ field: field.name, description }],
  });
}

/** The coding that a request names; undefined for identity. Throws MEDIA_TYPE_UNSUPPORTED, as UNIMPLEMENTED. */
export function requestCodingOf(name: string | undefined, field: string): Coding | undefined {
  if (name === undefined || name === "" || name === "identity") return undefined;
  const coding = codingOf(name);
  if (coding !== undefined) return coding;
  throw fault("MEDIA_TYPE_UNSUPPORTED", `${field}: "${name}" is not one of ${codingNames}`, {
    code: Code.Unimplemented,
  });
}

/** How a response's message is written. */
export interface WriteOptions {
  /** Room for the caller before it. */
  readonly headroomBytes: number;
  readonly bytesMax: number;
  /** Its bytes go to an exchange that gives them back, once and as they are. */
  readonly poolable?: boolean;
}

/**
 * The bytes of a response's message after `headroomBytes`. Throws a BODY_TOO_LARGE that is no fault
 * of the client's.
 */
export function written(
  codec: Codec,
  message: Message,
  { headroomBytes, bytesMax, poolable = false }: WriteOptions,
): Uint8Array {
  const bytes = codec.write(message, headroomBytes, poolable);
  if (bytes.length - headroomBytes <= bytesMax) return bytes;
  throw fault("BODY_TOO_LARGE", `the response's message exceeds ${bytesMax} bytes`);
}

/** What was thrown as the error to tell. One of Connect's stays as it is: handlers choose its details. */
export function wireError(
  thrown: unknown,
  { plainErrors }: Pick<ProtocolHandlerOptions, "plainErrors">,
): ConnectError {
  const error = thrown instanceof ConnectError ? thrown : faultFrom(thrown);
  if (!plainErrors || reasonOf(error) === undefined) return error;
  return new ConnectError(error.rawMessage, error.code, error.metadata);
}
