/** OTLP over gRPC: requests to a collector's TraceService. */

import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import type { Rng } from "#core/rng.ts";
import { codeName } from "#errors/code-name.ts";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { TraceService } from "#gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";
import { GrpcChannel } from "#grpc-client/channel.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import { pathOfMethod } from "#grpc-client/method.ts";
import { causeText } from "#observability/cause-text.ts";
import { prefixBytes, sealed } from "#protocol/envelope.ts";
import type { ExportRequests } from "./export-request.ts";
import {
  loggedWords,
  type OtlpSender,
  responseBytesMax,
  type SendEnd,
  sentEnd,
} from "./otlp-sender.ts";

/** How a collector is reached. */
export interface OtlpGrpcOptions {
  /** Scheme, host and port. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: Buffer;
  readonly timeoutMs: number;
}

/** Codes after which a request may be sent again, by the specification; RESOURCE_EXHAUSTED may with RetryInfo. */
const busyCodes: ReadonlySet<Code> = new Set([
  Code.Canceled,
  Code.DeadlineExceeded,
  Code.Aborted,
  Code.OutOfRange,
  Code.Unavailable,
  Code.DataLoss,
]);
const reconnectPauseMsMax = 5_000;
const portDefault = 4317;

/** When a collector wants to be asked again; undefined where its status has no RetryInfo. */
function retryAfterMsOf(details: Uint8Array | undefined): number | undefined {
  if (details === undefined) return undefined;
  try {
    for (const detail of fromBinary(StatusSchema, details).details) {
      const delay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
      if (delay !== undefined) return durationMs(delay);
    }
  } catch {
    // A status that cannot be read says nothing.
  }
  return undefined;
}

/** Connects on first use, and again whenever needed. */
export class OtlpGrpc implements OtlpSender {
  readonly #options: OtlpGrpcOptions;
  readonly #requests: ExportRequests;
  readonly #channel: GrpcChannel;
  readonly #path = pathOfMethod(TraceService.method.export);

  constructor(options: OtlpGrpcOptions, requests: ExportRequests, clock: Clock, rng: Rng) {
    const { protocol, hostname, port, host } = new URL(options.url);
    this.#options = options;
    this.#requests = requests;
    const { ca } = options;
    this.#channel = new GrpcChannel(
      {
        host: hostname.replace(/^\[(.*)\]$/, "$1"),
        port: port === "" ? portDefault : Number(port),
        authority: host,
        messageBytesMax: responseBytesMax,
        limits: {},
        reconnectPauseMsMax,
        ...(protocol === "https:" && { tls: ca === undefined ? {} : { ca } }),
      },
      clock,
      rng,
    );
  }

  async send(spans: readonly Uint8Array[], signal: AbortSignal): Promise<SendEnd> {
    const { headers, timeoutMs } = this.#options;
    const frame = sealed(0, this.#requests.of(spans, prefixBytes));
    try {
      const metadata = Object.entries(headers);
      const { message } = await this.#channel.unary(this.#path, frame, {
        metadata,
        signal,
        timeoutMs,
      });
      return sentEnd(message);
    } catch (thrown) {
      if (!(thrown instanceof GrpcError)) {
        return { kind: "busy", afterMs: undefined, words: loggedWords(causeText(thrown)) };
      }
      const words = codeName(thrown.code);
      const afterMs = retryAfterMsOf(thrown.details);
      const isBusy = busyCodes.has(thrown.code) || afterMs !== undefined;
      return isBusy ? { kind: "busy", afterMs, words } : { kind: "refused", words };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }
}
