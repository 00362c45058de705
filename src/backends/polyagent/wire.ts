/** What carries calls to a core: the contract that each transport keeps. */

import { readFileSync } from "node:fs";
import type {
  DescMessage,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Caller } from "#backends/backend.ts";
import type { CallerFields, TellCaller } from "#backends/caller-headers.ts";
import type { TraceContext } from "#core/trace-context.ts";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { encoderOf } from "#protobuf/encoder.ts";
import type { CoreAddress } from "./address.ts";

/** How to reach a core. */
export interface CoreWireOptions {
  readonly address: CoreAddress;
  /** Greatest message in either direction, in bytes. */
  readonly messageBytesMax: number;
  /** Silence on a connection with calls after which it is pinged, in milliseconds. */
  readonly keepaliveMs: number;
  /** How an encrypted core is trusted; by the machine's authorities when absent. */
  readonly tls?: CoreTls;
  /** Age at which a connection is replaced; absent: never. */
  readonly connectionAgeMaxMs?: number | undefined;
  /** Sends the core who calls; absent: it does not learn that. */
  readonly tells?: TellCaller;
}

/** PEM files for a core. */
export interface CoreTls {
  /** Authorities that the core's certificate is checked against. */
  readonly caFile?: string;
  /** The gateway's own certificate and its key, for cores that ask. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Name in the core's certificate; that of its address when absent. */
  readonly serverName?: string;
}

/** What travels with a call; an empty request id is not sent. */
export interface CoreCall {
  /** Aborts when the caller is gone or the deadline has passed. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  readonly timeoutMs?: number | undefined;
  readonly caller?: Caller | undefined;
  readonly trace?: TraceContext | undefined;
}

/** The metadata of a call. */
export function metadataOf(
  { requestId, caller, trace }: CoreCall,
  tells: TellCaller | undefined,
): CallerFields {
  const told = caller && tells?.(caller);
  if (requestId === "") return told ?? [];
  const fields: CallerFields = [["x-request-id", requestId], ...(told ?? [])];
  return trace === undefined ? fields : [...fields, ...trace.fields()];
}

/** Calls one method; an abort of the signal cancels the call at once. Rejects with faults. */
export type UnaryCaller<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: CoreCall,
) => Promise<MessageShape<O>>;

/**
 * Calls one method that streams. Messages come as they are pulled: a reader that rests makes the
 * core rest. An abort, and leaving the iteration, cancel the call at once. Throws faults.
 */
export type ServerStreamCaller<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  call: CoreCall,
) => AsyncIterable<MessageShape<O>>;

/** A core's calls. Connects on first use, and again whenever needed. */
export interface CoreWire extends AsyncDisposable {
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
  ): UnaryCaller<I, O>;
  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
  ): ServerStreamCaller<I, O>;
}

/** Greatest pause between two attempts to connect: a core that is back is found within a health interval. */
export const reconnectPauseMsMax = 1000;

/** What the files hold. Throws the system's error when one cannot be read. */
export function certificatesOf({ caFile, certFile, keyFile }: CoreTls): {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
} {
  return {
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
  };
}

/** Throws what the signal aborted for. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw faultFrom(signal.reason);
}

/**
 * Writes requests of a type after `headroomBytes` that the wire fills. The encoder throws
 * BODY_TOO_LARGE before anything is sent.
 */
export function requestEncoder<I extends DescMessage>(
  schema: I,
  { bytesMax, headroomBytes }: { readonly bytesMax: number; readonly headroomBytes: number },
): (request: MessageShape<I>) => Buffer {
  const encode = encoderOf(schema);
  return (request) => {
    const bytes = encode(request, headroomBytes);
    const requestBytes = bytes.length - headroomBytes;
    if (requestBytes <= bytesMax) return bytes;
    throw fault(
      "BODY_TOO_LARGE",
      `the request is ${requestBytes} bytes for the core, the limit is ${bytesMax}`,
    );
  };
}
