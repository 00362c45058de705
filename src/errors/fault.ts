/** The one constructor of thrown errors: a Connect error that carries its reason. */

import { create } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { isReason, type Reason, type ReasonRow, reasons } from "./reason.ts";

/** A field of the request and what is wrong with it. */
export interface FieldViolation {
  /** Path of the field in the request message, such as `messages[0].role`. */
  readonly field: string;
  /** What was expected. */
  readonly description: string;
}

/** What a fault may carry besides its reason and text. */
export interface FaultOptions {
  /** Fields at fault, sent as google.rpc.BadRequest. */
  readonly fields?: readonly FieldViolation[];
  /** When a new try makes sense, in milliseconds, sent as google.rpc.RetryInfo and Retry-After. */
  readonly retryAfterMs?: number;
  /** Facts for the caller's program, sent in google.rpc.ErrorInfo. Never a secret, path or host. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Response headers that belong to the refusal, such as `allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What was caught; goes to the log only. */
  readonly cause?: unknown;
  /** Overrides the reason's code, for statuses handed through from a backend. */
  readonly code?: Code;
}

/** Longest public text, in characters: it may quote what was sent, and travels in a header of gRPC. */
const messageLengthMax = 1024;

/** `text`, cut where it is too long to be sent. */
function bounded(text: string): string {
  return text.length <= messageLengthMax ? text : `${text.slice(0, messageLengthMax - 1)}…`;
}

/** Domain of every ErrorInfo of this project. */
export const errorDomain = "polygate";

/**
 * What `create` returns, an error without its stack where `isCallers`. Where a caller is refused tells
 * nobody anything, and a crowd of refused calls would have the stack taken each time: a tenth of what
 * a refusal costs.
 */
function withoutStack<T>(isCallers: boolean, create: () => T): T {
  if (!isCallers) return create();
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return create();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** An error with a reason. `message` is public: it names fields and limits, never internals. */
export function fault(reason: Reason, message: string, options: FaultOptions = {}): ConnectError {
  const {
    fields,
    retryAfterMs,
    metadata = {},
    headers,
    cause,
    code = reasons[reason].code,
  } = options;
  const error = withoutStack(
    reasons[reason].blame === "caller",
    () => new ConnectError(bounded(message), code, headers, undefined, cause),
  );
  error.details.push({
    desc: ErrorInfoSchema,
    value: create(ErrorInfoSchema, { reason, domain: errorDomain, metadata }),
  });
  if (fields !== undefined) {
    error.details.push({
      desc: BadRequestSchema,
      value: create(BadRequestSchema, {
        fieldViolations: fields.map(({ field, description }) => ({
          field: bounded(field),
          description: bounded(description),
        })),
      }),
    });
  }
  if (retryAfterMs !== undefined) {
    error.details.push({
      desc: RetryInfoSchema,
      value: create(RetryInfoSchema, {
        retryDelay: {
          seconds: BigInt(Math.floor(retryAfterMs / 1000)),
          nanos: Math.round((retryAfterMs % 1000) * 1e6),
        },
      }),
    });
  }
  return error;
}

/** Gives an error the metadata of another, every value of a name. */
export function addMetadata(error: ConnectError, metadata: Headers): void {
  for (const [name, value] of metadata) error.metadata.append(name, value);
}

/** The same error with more facts in its ErrorInfo, or another text. One without a reason becomes INTERNAL. */
export function withMetadata(
  error: ConnectError,
  metadata: Readonly<Record<string, string>>,
  message = error.rawMessage,
): ConnectError {
  const copy = fault(reasonOf(error) ?? "INTERNAL", message, {
    code: error.code,
    metadata: { ...infoOf(error)?.metadata, ...metadata },
    cause: error.cause,
  });
  addMetadata(copy, error.metadata);
  const others = error.details.filter(
    (detail) =>
      ("desc" in detail ? detail.desc.typeName : detail.type) !== ErrorInfoSchema.typeName,
  );
  copy.details.push(...others);
  return copy;
}

/** The reason of an error of this project, or of one that another Polygate upstream sent. */
export function reasonOf(error: ConnectError): Reason | undefined {
  const info = infoOf(error);
  return info !== undefined && isReason(info.reason) ? info.reason : undefined;
}

function infoOf(error: ConnectError): ErrorInfo | undefined {
  return error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === errorDomain);
}

/** What is decided about an error; errors without a reason of this project count as INTERNAL. */
export function rowOf(error: ConnectError): ReasonRow {
  return reasons[reasonOf(error) ?? "INTERNAL"];
}

/** Facts for the caller's program that an error of this project carries. */
export function infoMetadataOf(error: ConnectError): Readonly<Record<string, string>> {
  return infoOf(error)?.metadata ?? {};
}

/** When a new try makes sense, in milliseconds; undefined when the error does not say. */
export function retryAfterMsFrom(error: ConnectError): number | undefined {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay === undefined ? undefined : Number(delay.seconds) * 1000 + delay.nanos / 1e6;
}
