/** What is known of a call that has ended → its spans: the server's own, and one for each try. Pure. */

import type { SpanName, TraceContext } from "#core/trace-context.ts";
import { Span_SpanKind as Kind, type Span } from "#gen/opentelemetry/proto/trace/v1/trace_pb.js";
import type { CallOutcome, CallRecord, TryFacts } from "#observability/call-record.ts";
import { type ServerSpan, type SpanStart, TrySpan } from "#observability/server-span.ts";
import { Attributes } from "./attributes.ts";
import { names } from "./names.ts";

/** A call that has ended. */
export interface EndedSpan {
  readonly record: CallRecord;
  readonly outcome: CallOutcome;
  readonly elapsedMs: number;
  /** What to add to monotonic milliseconds for those since the Unix epoch. */
  readonly epochMs: number;
}

/** The low bits are the flags of the context; the next one says that it is known where its parent is. */
const sampledFlag = 0x01;
const remoteKnownFlag = 0x100;
const remoteParentFlag = 0x200;

/** Codes that are the server's fault, by the conventions of gRPC; others leave its span without a status. */
const faultCodes: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

const bytesOf = (hex = "") => Buffer.from(hex, "hex");

/** Nanoseconds, exact to the microsecond: no double holds more of today. */
function nanosecondsOf(ms: number): bigint {
  return BigInt(Math.round(ms * 1_000)) * 1_000n;
}

/** What spans differ in. */
interface SpanFacts {
  readonly context: TraceContext | (SpanName & Pick<TraceContext, "state">);
  readonly parentId: string | undefined;
  readonly isRemote: boolean;
  readonly name: string;
  readonly kind: Kind;
  readonly startMs: number;
  readonly elapsedMs: number;
  readonly attributes: Attributes;
  readonly isFailed: boolean;
  readonly link?: SpanName | undefined;
}

function spanOf(facts: SpanFacts, epochMs: number): Span {
  const { context, parentId, isRemote, name, kind, startMs, attributes, isFailed, link } = facts;
  const startedMs = epochMs + startMs;
  return {
    $typeName: "opentelemetry.proto.trace.v1.Span",
    traceId: bytesOf(context.traceId),
    spanId: bytesOf(context.spanId),
    traceState: context.state ?? "",
    parentSpanId: bytesOf(parentId),
    flags: sampledFlag | remoteKnownFlag | (isRemote ? remoteParentFlag : 0),
    name,
    kind,
    startTimeUnixNano: nanosecondsOf(startedMs),
    endTimeUnixNano: nanosecondsOf(startedMs + facts.elapsedMs),
    attributes: attributes.list,
    droppedAttributesCount: attributes.dropped,
    events: [],
    droppedEventsCount: 0,
    links: link === undefined ? [] : [linkOf(link)],
    droppedLinksCount: 0,
    ...(isFailed && { status: { $typeName: statusType, message: "", code: 2 } }),
  };
}

const statusType = "opentelemetry.proto.trace.v1.Status";

function linkOf({ traceId, spanId }: SpanName): Span["links"][number] {
  return {
    $typeName: "opentelemetry.proto.trace.v1.Span.Link",
    traceId: bytesOf(traceId),
    spanId: bytesOf(spanId),
    traceState: "",
    attributes: [],
    droppedAttributesCount: 0,
    flags: remoteKnownFlag | remoteParentFlag,
  };
}

/** By which RPC protocol a request came; gRPC-Web counts as gRPC. */
function rpcSystemOf({ contentType = "" }: SpanStart): "grpc" | "connectrpc" {
  return contentType.startsWith("application/grpc") ? "grpc" : "connectrpc";
}

/** By the conventions of its RPC protocol. */
function addRpc(to: Attributes, start: SpanStart, { procedure, code }: CallOutcome): void {
  const system = rpcSystemOf(start);
  to.text(names.rpcSystem, system).text(names.rpcMethod, procedure);
  // Connect has words of its own, and none for success.
  if (system === "grpc") to.text(names.rpcStatus, code);
  else if (code !== "OK") to.text(names.rpcStatus, connectCode(code));
}

function connectCode(code: string): string {
  return code === "CANCELLED" ? "canceled" : code.toLowerCase();
}

/** By those of HTTP. */
function addHttp(
  to: Attributes,
  { path, isEncrypted }: SpanStart,
  { httpMethod, endpoint, status }: CallRecord,
): void {
  to.text(names.httpMethod, httpMethod)
    .text(names.httpRoute, endpoint)
    .text(names.urlPath, path)
    .text(names.urlScheme, isEncrypted ? "https" : "http")
    .integer(names.httpStatus, status);
}

function serverSpan(
  { record, outcome, elapsedMs, epochMs }: EndedSpan,
  span: ServerSpan,
  start: SpanStart,
): Span {
  const { surface, httpMethod, endpoint, status = 0, startMs } = record;
  const { code, procedure, reason } = outcome;
  const isRpc = surface === "rpc";
  const attributes = new Attributes();
  if (isRpc) addRpc(attributes, start, outcome);
  else addHttp(attributes, start, record);
  const isFailed = isRpc ? faultCodes.has(code) : status >= 500;
  // The conventions' own words for what failed: the code where there is one, else the status.
  const errorType = isRpc ? rpcErrorOf(start, code) : status >= 400 ? String(status) : undefined;
  attributes
    .text(names.errorType, errorType)
    .text(names.protocolName, "http")
    .text(names.protocolVersion, record.httpVersion)
    .text(names.clientAddress, record.clientAddress)
    .integer(names.serverPort, record.port)
    .text(names.requestId, record.requestId)
    .text(names.surface, surface)
    .text(names.listener, record.listener)
    .text(names.principal, record.principal)
    .text(names.procedure, isRpc ? undefined : procedure)
    .text(names.model, record.model)
    .text(names.reason, reason)
    .integer(names.attempts, record.attempts)
    .number(names.cost, record.cost);
  const { parentId, link } = start;
  const name = isRpc ? procedure : `${httpMethod} ${endpoint}`;
  const isRemote = parentId !== undefined;
  const about = { context: span, parentId, isRemote, name, kind: Kind.SERVER, link };
  return spanOf({ ...about, startMs, elapsedMs, attributes, isFailed }, epochMs);
}

function rpcErrorOf(start: SpanStart, code: string): string | undefined {
  if (code === "OK") return undefined;
  return rpcSystemOf(start) === "grpc" ? code : connectCode(code);
}

/** What a try without a model's facts is called: such as `infer resnet`. */
function plainTryName({ pool, model }: TryFacts, { procedure }: CallOutcome): string {
  const method = procedure.slice(procedure.lastIndexOf("/") + 1);
  return `${/infer|predict/i.test(method) ? "infer" : method} ${model === "" ? pool : model}`;
}

function addGenAi(to: Attributes, { genAi }: TrySpan, { model, firstMs }: TryFacts): void {
  if (genAi === undefined) return;
  to.text(names.genAiOperation, genAi.operation)
    .text(names.genAiProvider, genAi.provider)
    .text(names.genAiRequestModel, model)
    .text(names.genAiResponseModel, genAi.responseModel)
    .integer(names.genAiInputTokens, genAi.input)
    .integer(names.genAiOutputTokens, genAi.output)
    .number(names.genAiTimeToFirstChunk, firstMs === undefined ? undefined : firstMs / 1_000);
  if (genAi.finishReason) to.texts(names.genAiFinishReasons, [genAi.finishReason]);
}

function trySpan({ outcome, epochMs }: EndedSpan, server: ServerSpan, one: TryFacts): Span {
  const { decision, outcome: end, model } = one;
  const own = one.span instanceof TrySpan ? one.span : undefined;
  const attributes = new Attributes();
  if (own !== undefined) addGenAi(attributes, own, one);
  attributes
    .text(names.model, own?.genAi === undefined ? model : undefined)
    .text(names.pool, one.pool)
    .text(names.endpoint, one.endpoint)
    .text(names.algorithm, one.algorithm)
    .text(names.route, decision?.route)
    .text(names.chosenBy, decision?.by)
    .integer(names.attempt, one.attempt)
    .number(names.cost, one.cost)
    .text(names.errorType, end === "OK" ? undefined : end);
  const operation = own?.genAi?.operation;
  const name =
    operation === undefined ? plainTryName(one, outcome) : `${operation} ${model}`.trimEnd();
  return spanOf(
    {
      context: one.span ?? server.try(),
      parentId: server.spanId,
      isRemote: false,
      name: name.length <= nameLengthMax ? name : name.slice(0, nameLengthMax),
      kind: own?.isTold === true ? Kind.CLIENT : Kind.INTERNAL,
      startMs: one.startedMs,
      elapsedMs: one.elapsedMs,
      attributes,
      isFailed: end !== "OK",
    },
    epochMs,
  );
}

/** Longest name of a span, in characters; models are named by clients. */
const nameLengthMax = 256;

/** The spans of a call, its own first; none of one that is not sampled. */
export function spansOf(ended: EndedSpan): Span[] {
  const { trace, tries = [] } = ended.record;
  if (trace?.start === undefined) return [];
  const spans = [serverSpan(ended, trace, trace.start)];
  for (const one of tries) spans.push(trySpan(ended, trace, one));
  return spans;
}
