/** The service of the conformance suite, as its comments define it: it says back what it was sent. */

import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import {
  type Code,
  ConnectError,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { systemClock } from "#core/clock.ts";
import {
  type BidiStreamRequest,
  BidiStreamRequestSchema,
  type ClientStreamRequest,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type ConformanceService,
  type Error as ErrorDefinition,
  type Header,
  HeaderSchema,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "../gen/connectrpc/conformance/v1/service_pb.js";

function headersFrom(fields: Iterable<readonly [string, string]>): Header[] {
  return Array.from(fields, ([name, value]) => create(HeaderSchema, { name, value: [value] }));
}

function packed(desc: DescMessage, message: Message): Any {
  return anyPack(desc, message);
}

function requestInfo(context: HandlerContext, requests: Any[]): ConformancePayload_RequestInfo {
  const timeoutMs = context.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: headersFrom(context.requestHeader),
    requests,
    ...(timeoutMs === undefined ? {} : { timeoutMs: BigInt(Math.round(timeoutMs)) }),
    ...(context.requestMethod === "GET"
      ? { connectGetInfo: { queryParams: headersFrom(new URL(context.url).searchParams) } }
      : {}),
  });
}

function addTo(target: Headers, headers: readonly Header[]): void {
  for (const { name, value } of headers) for (const one of value) target.append(name, one);
}

function addMetadata(
  context: HandlerContext,
  definition: UnaryResponseDefinition | StreamResponseDefinition,
): void {
  addTo(context.responseHeader, definition.responseHeaders);
  addTo(context.responseTrailer, definition.responseTrailers);
}

/** The error that a definition asks for; `info` goes with one that takes the place of all messages. */
function errorOf(
  definition: ErrorDefinition,
  info: ConformancePayload_RequestInfo | undefined,
): ConnectError {
  const error = new ConnectError(definition.message ?? "", definition.code as number as Code);
  for (const { typeUrl, value } of definition.details) {
    error.details.push({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value });
  }
  if (info !== undefined) {
    error.details.push({ desc: ConformancePayload_RequestInfoSchema, value: info });
  }
  return error;
}

async function answerOnce(
  definition: UnaryResponseDefinition | undefined,
  context: HandlerContext,
  requests: Any[],
) {
  const info = requestInfo(context, requests);
  if (definition === undefined) return { payload: { requestInfo: info } };
  addMetadata(context, definition);
  await systemClock.sleep(definition.responseDelayMs, context.signal);
  const { response } = definition;
  if (response.case === "error") throw errorOf(response.value, info);
  const data = response.case === "responseData" ? response.value : new Uint8Array(0);
  return { payload: { data, requestInfo: info } };
}

/** Streams what a definition asks for, from its message `first` on. */
async function* answerStream(
  definition: StreamResponseDefinition,
  context: HandlerContext,
  { requests, first }: { readonly requests: Any[]; readonly first: number },
) {
  for (const [index, data] of definition.responseData.entries()) {
    if (index < first) continue;
    await systemClock.sleep(definition.responseDelayMs, context.signal);
    const info = index === 0 ? { requestInfo: requestInfo(context, requests) } : {};
    yield { payload: { data, ...info } };
  }
  if (definition.error !== undefined) {
    const isAlone = definition.responseData.length === 0 && first === 0;
    throw errorOf(definition.error, isAlone ? requestInfo(context, requests) : undefined);
  }
}

/** Implements all but Unimplemented. */
export const conformanceService: Partial<ServiceImpl<typeof ConformanceService>> = {
  unary: (request, context) =>
    answerOnce(request.responseDefinition, context, [packed(UnaryRequestSchema, request)]),

  idempotentUnary: (request, context) =>
    answerOnce(request.responseDefinition, context, [
      packed(IdempotentUnaryRequestSchema, request),
    ]),

  async clientStream(messages, context) {
    const requests: ClientStreamRequest[] = await Array.fromAsync(messages);
    const all = requests.map((request) => packed(ClientStreamRequestSchema, request));
    return await answerOnce(requests[0]?.responseDefinition, context, all);
  },

  async *serverStream(request, context) {
    const definition = request.responseDefinition;
    if (definition === undefined) return;
    addMetadata(context, definition);
    const requests = [packed(ServerStreamRequestSchema, request)];
    yield* answerStream(definition, context, { requests, first: 0 });
  },

  async *bidiStream(messages, context) {
    let definition: StreamResponseDefinition | undefined;
    let isFullDuplex = false;
    let sent = 0;
    let requests: Any[] = [];
    let seen = 0;
    for await (const request of messages as AsyncIterable<BidiStreamRequest>) {
      if (seen === 0) {
        definition = request.responseDefinition;
        isFullDuplex = request.fullDuplex;
        if (definition !== undefined) addMetadata(context, definition);
      }
      seen += 1;
      requests.push(packed(BidiStreamRequestSchema, request));
      if (!isFullDuplex) continue;
      const data = definition?.responseData[sent];
      if (data === undefined) break;
      await systemClock.sleep(definition?.responseDelayMs ?? 0, context.signal);
      const info = sent === 0 ? requestInfo(context, requests) : { requests };
      yield { payload: { data, requestInfo: info } };
      sent += 1;
      requests = [];
    }
    if (definition !== undefined)
      yield* answerStream(definition, context, { requests, first: sent });
  },
};
