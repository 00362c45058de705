/** What sends spans to a collector, and what came of it. Types, and what both protocols read of a response. */

import { fromBinary } from "@bufbuild/protobuf";
import { ExportTraceServiceResponseSchema } from "#gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.js";

/** What came of a request. */
export type SendEnd =
  /** The collector has it; `rejected` of the spans it did not take, for the reason that `words` gives. */
  | { readonly kind: "sent"; readonly rejected: number; readonly words: string }
  /** It may succeed later: after so many milliseconds, where the collector says when. */
  | { readonly kind: "busy"; readonly afterMs: number | undefined; readonly words: string }
  /** It never will. */
  | { readonly kind: "refused"; readonly words: string };

/** Sends requests to one collector. */
export interface OtlpSender extends AsyncDisposable {
  /** Sends encoded spans. Never rejects: what keeps it from sending is an end, too. */
  send(spans: readonly Uint8Array[], signal: AbortSignal): Promise<SendEnd>;
}

/** Bytes of a response that are read. */
export const responseBytesMax = 64 * 1024;
/** Longest words of a collector that are logged, in characters. */
const wordsLengthMax = 200;

/** Words of a collector for the log. */
export function loggedWords(words: string): string {
  return words.length <= wordsLengthMax ? words : `${words.slice(0, wordsLengthMax)}…`;
}

/** What a collector says that has taken a request; a response that cannot be read says nothing. */
export function sentEnd(response: Uint8Array | undefined): SendEnd {
  try {
    const read = fromBinary(ExportTraceServiceResponseSchema, response ?? new Uint8Array());
    const { rejectedSpans = 0n, errorMessage = "" } = read.partialSuccess ?? {};
    return { kind: "sent", rejected: Number(rejectedSpans), words: loggedWords(errorMessage) };
  } catch {
    return { kind: "sent", rejected: 0, words: "" };
  }
}
