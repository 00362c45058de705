/** grpc.testing.TestService, as gRPC's interoperability cases define it. */

import {
  type Code,
  ConnectError,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { systemClock } from "#core/clock.ts";
import type {
  EchoStatus,
  ResponseParameters,
  StreamingOutputCallRequest,
  TestService,
} from "../gen/grpc/testing/test_pb.js";

const echoedHeader = "x-grpc-test-echo-initial";
const echoedTrailer = "x-grpc-test-echo-trailing-bin";

function payload(size: number) {
  return { payload: { body: new Uint8Array(size) } };
}

function echoMetadata(context: HandlerContext): void {
  const header = context.requestHeader.get(echoedHeader);
  const trailer = context.requestHeader.get(echoedTrailer);
  if (header !== null) context.responseHeader.set(echoedHeader, header);
  if (trailer !== null) context.responseTrailer.set(echoedTrailer, trailer);
}

function throwStatus(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) {
    throw new ConnectError(status.message, status.code as Code);
  }
}

async function* payloads(parameters: readonly ResponseParameters[], signal: AbortSignal) {
  for (const { size, intervalUs } of parameters) {
    if (intervalUs > 0) await systemClock.sleep(intervalUs / 1000, signal);
    yield payload(size);
  }
}

/** Implements all but UnimplementedCall. */
export const testService: Partial<ServiceImpl<typeof TestService>> = {
  emptyCall: () => ({}),

  unaryCall(request, context) {
    echoMetadata(context);
    throwStatus(request.responseStatus);
    return payload(request.responseSize);
  },

  async *streamingOutputCall(request, context) {
    echoMetadata(context);
    yield* payloads(request.responseParameters, context.signal);
    throwStatus(request.responseStatus);
  },

  async streamingInputCall(requests) {
    let aggregatedPayloadSize = 0;
    for await (const request of requests)
      aggregatedPayloadSize += request.payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },

  async *fullDuplexCall(requests, context) {
    echoMetadata(context);
    for await (const request of requests) {
      throwStatus(request.responseStatus);
      yield* payloads(request.responseParameters, context.signal);
    }
  },

  async *halfDuplexCall(requests, context) {
    const all: StreamingOutputCallRequest[] = await Array.fromAsync(requests);
    for (const { responseParameters } of all) yield* payloads(responseParameters, context.signal);
  },
};
