/** Calls one method through interceptors with no socket in between. */

import {
  create,
  type DescMethodUnary,
  type Message,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  ConnectError,
  type ContextValues,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { type CallPolicy, createCallPath } from "#rpc/call.ts";
import type { CallInit } from "#rpc/call-scope.ts";
import type { Routes } from "#rpc/mount.ts";

/** A record as the door begins it. */
export function callRecord(facts: Partial<CallRecord> = {}): CallRecord {
  return {
    requestId: "req-1",
    listener: "test",
    port: 8080,
    clientAddress: "192.0.2.1",
    httpMethod: "POST",
    httpVersion: "1.1",
    startMs: 0,
    endpoint: "/test",
    // Without a door the call alone is waited for.
    status: 200,
    called: false,
    ...facts,
  };
}

/** What a call may be given beside its message. */
export interface CallFacts {
  readonly header?: Record<string, string>;
  readonly record?: CallRecord;
  readonly signal?: AbortSignal;
}

/** What comes with a call whose client stays and names no deadline. */
export function callInit(more: Partial<CallInit> = {}): CallInit {
  return {
    header: new Headers(),
    signal: new AbortController().signal,
    values: createContextValues(),
    url: "http://test/",
    httpMethod: "POST",
    protocol: "test",
    ...more,
  };
}

/** The message itself, for tests that send none. */
export function asIs(message: Message): Message {
  return message;
}

function init({ header = {}, record = callRecord(), signal }: CallFacts): CallInit {
  const values: ContextValues = createContextValues().set(callRecordKey, record);
  return callInit({ header: new Headers(header), values, ...(signal && { signal }) });
}

/** A caller of methods behind `interceptors`. */
export function callerOf(routes: Routes, interceptors: Interceptor[], policy: CallPolicy = {}) {
  const calls = createCallPath(routes, interceptors, policy);
  return async <M extends DescMethodUnary>(
    method: M,
    message: MessageInitShape<M["input"]>,
    facts: CallFacts = {},
  ) => calls.unary(method, create(method.input, message), init(facts), asIs);
}

/** The error that `work` rejects with; fails when it does not. */
export async function rejection(work: Promise<unknown>): Promise<ConnectError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
