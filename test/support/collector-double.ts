/** A collector of traces on a real port: takes OTLP over HTTP and gRPC, and reads it with the library's own decoder. */

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type ExportTraceServiceRequest,
  ExportTraceServiceRequestSchema,
  ExportTraceServiceResponseSchema,
  TraceService,
} from "#gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import type { AnyValue, KeyValue } from "#gen/opentelemetry/proto/common/v1/common_pb.js";
import { type Span, Span_SpanKind } from "#gen/opentelemetry/proto/trace/v1/trace_pb.js";
import { startRoutes } from "./core-server.ts";

/** A span as tests look at it. */
export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
  readonly elapsedMs: number;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** What the next requests over HTTP are answered with. */
export interface CollectorAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Spans that it says it did not take. */
  readonly rejected?: number;
}

/** A running collector. */
export interface CollectorDouble extends AsyncDisposable {
  /** http://host:port for HTTP. */
  readonly url: string;
  /** The same for gRPC. */
  readonly grpcUrl: string;
  /** Requests that were taken. */
  readonly requests: readonly ExportTraceServiceRequest[];
  /** Heads of all requests, those that were not taken included. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** Answers of the next requests, in order; then all are taken. */
  readonly answers: CollectorAnswer[];
  readonly spans: readonly SeenSpan[];
  /** Resolves with the spans when so many have come. */
  count(spans: number): Promise<readonly SeenSpan[]>;
  /** Resolves with all spans of a trace, when there are so many. */
  trace(traceId: string, spans: number): Promise<readonly SeenSpan[]>;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function heldIn(value: AnyValue | undefined): unknown {
  const held = value?.value;
  if (held?.case === "intValue") return Number(held.value);
  if (held?.case === "arrayValue") return held.value.values.map(heldIn);
  return held?.value;
}

/** Attributes by name. */
export function attributesOf(list: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, heldIn(value)]));
}

function seen(span: Span): SeenSpan {
  const { name, kind, attributes, status, links, traceState } = span;
  return {
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    parentSpanId: hexOf(span.parentSpanId),
    traceState,
    name,
    kind: Span_SpanKind[kind] ?? "",
    attributes: attributesOf(attributes),
    failed: status?.code === 2,
    elapsedMs: Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6,
    links: links.map((link) => ({ traceId: hexOf(link.traceId), spanId: hexOf(link.spanId) })),
  };
}

/** Starts one on free ports of loopback. */
export async function startCollector(): Promise<CollectorDouble> {
  const requests: ExportTraceServiceRequest[] = [];
  const spans: SeenSpan[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const answers: CollectorAnswer[] = [];
  const waiting = new Set<() => void>();
  const take = (request: ExportTraceServiceRequest) => {
    requests.push(request);
    for (const { scopeSpans } of request.resourceSpans) {
      for (const scope of scopeSpans) spans.push(...scope.spans.map(seen));
    }
    for (const look of waiting) look();
  };
  const server = createServer(async (request, response) => {
    headers.push(request.headers);
    const body = await buffer(request);
    const answer = answers.shift() ?? { status: 200 };
    if (answer.status === 200) take(fromBinary(ExportTraceServiceRequestSchema, body));
    const rejectedSpans = BigInt(answer.rejected ?? 0);
    const partialSuccess = { rejectedSpans, errorMessage: rejectedSpans > 0n ? "too old" : "" };
    response.writeHead(answer.status, {
      "content-type": "application/x-protobuf",
      ...answer.headers,
    });
    response.end(
      toBinary(
        ExportTraceServiceResponseSchema,
        create(ExportTraceServiceResponseSchema, { partialSuccess }),
      ),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const grpc = await startRoutes((router) =>
    router.service(TraceService, {
      export(request, { requestHeader }) {
        headers.push(Object.fromEntries(requestHeader));
        take(request);
        return {};
      },
    }),
  );
  const until = async (wanted: () => readonly SeenSpan[], count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (wanted().length >= count) resolve();
    };
    waiting.add(look);
    look();
    await promise;
    waiting.delete(look);
    return wanted();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    grpcUrl: grpc.url,
    requests,
    headers,
    answers,
    spans,
    count: (count) => until(() => spans, count),
    trace: (traceId, count) => until(() => spans.filter((span) => span.traceId === traceId), count),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await grpc[Symbol.asyncDispose]();
    },
  };
}
