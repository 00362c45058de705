/** What a provider reports instead of a response, as one of the gateway's reasons. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import { withoutCredentials } from "#core/redact.ts";
import { type FaultOptions, fault } from "#errors/fault.ts";
import type { Reason } from "#errors/reason.ts";
import type { ErrorResponse } from "./dialect.ts";

/** What a dialect found in an error of its own shape. */
export interface UpstreamError {
  /** HTTP status, or the one that stands for an error inside a stream. */
  readonly status: number;
  /** The provider's words; empty when it had none. */
  readonly message: string;
  /** The provider's word for the kind, such as insufficient_quota. */
  readonly code?: string | undefined;
  /** The parameter at fault. */
  readonly param?: string | undefined;
  /** When a new try makes sense, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

const quotaCodes = /quota|credit|billing|spend/i;
const contextWords =
  /context.{0,20}(length|window)|prompt is too long|too many tokens|input token count.{0,40}exceed|context_length_exceeded/i;
const modelWords = /model/i;
const policyCodes = /content_?(policy|filter)|responsible_?ai|PROHIBITED_CONTENT/i;
const policyWords =
  /content (management )?policy|content.?filter|safety system|violates? (our |the )?(usage|safety) (guidelines|policies)/i;
/** Longest text of a provider that is passed on, in characters. */
const messageLengthMax = 600;

/** A provider's words as far as they are words: never a page of HTML. */
function wordsOf(message: string): string {
  const text = /<\/?[a-z!][^>]*>/i.test(message) ? "" : withoutCredentials(message.trim());
  return text.length <= messageLengthMax ? text : `${text.slice(0, messageLengthMax)}…`;
}

/** A refusal of what was asked, not of how it was asked or by whom. */
function isPolicy({ status, code = "", message }: UpstreamError): boolean {
  return (
    (status === 400 || status === 403) && (policyCodes.test(code) || policyWords.test(message))
  );
}

function reasonOf(error: UpstreamError): Reason {
  const { status, code = "", message, retryAfterMs } = error;
  if (isPolicy(error)) return "CONTENT_POLICY_REFUSED";
  switch (status) {
    case 401:
    case 403:
      return "BACKEND_CREDENTIAL";
    case 402:
      return "BACKEND_QUOTA";
    case 404:
      return modelWords.test(message + code) ? "MODEL_UNKNOWN" : "BACKEND_REJECTED";
    case 408:
    case 504:
      return "BACKEND_TIMEOUT";
    case 413:
      return "BODY_TOO_LARGE";
    case 429:
      // A quota of so many calls a minute comes back; the one of an account does not.
      return quotaCodes.test(code) || (quotaCodes.test(message) && retryAfterMs === undefined)
        ? "BACKEND_QUOTA"
        : "BACKEND_RATE_LIMITED";
    case 503:
    case 529:
      return "BACKEND_OVERLOADED";
    default:
      if (status >= 500) return "BACKEND_FAILED";
      return contextWords.test(`${code} ${message}`)
        ? "CONTEXT_WINDOW_EXCEEDED"
        : "BACKEND_REJECTED";
  }
}

/** What is said where the provider's own words may hold what is no one's business, or are none. */
const ownWords: Partial<Record<Reason, string>> = {
  BACKEND_CREDENTIAL: "refused the gateway's credential",
  BACKEND_FAILED: "failed",
  BACKEND_OVERLOADED: "is overloaded",
  BACKEND_TIMEOUT: "took too long",
};

/** The fault of a provider's error, or a core's. Its words are passed on, except about the gateway's credential. */
export function upstreamFault(
  error: UpstreamError,
  who: "provider" | "core" = "provider",
): ConnectError {
  const reason = reasonOf(error);
  const said = reason === "BACKEND_CREDENTIAL" ? "" : wordsOf(error.message);
  const own = `the ${who} ${ownWords[reason] ?? "refused the request"}`;
  const { status, code = "", param, retryAfterMs } = error;
  const metadata: Record<string, string> = { upstream_status: String(status) };
  if (code !== "") metadata.upstream_code = code.slice(0, 128);
  if (param) metadata.param = param.slice(0, 256);
  const options: FaultOptions =
    retryAfterMs === undefined || reason === "BACKEND_QUOTA"
      ? { metadata }
      : { metadata, retryAfterMs };
  return fault(reason, said === "" ? own : said, options);
}

/** Longest wait that is believed: a day. */
const retryAfterMsMax = 86_400_000;

/** What `retry-after-ms` and `retry-after` ask to wait, in milliseconds; a date counts from the response's own. */
export function retryAfterMsOf({ headers }: ErrorResponse): number | undefined {
  const ms = Number(headers["retry-after-ms"] || Number.NaN);
  if (ms >= 0) return Math.min(ms, retryAfterMsMax);
  const written = headers["retry-after"] || "";
  const seconds = Number(written || Number.NaN);
  if (seconds >= 0) return Math.min(seconds * 1000, retryAfterMsMax);
  const untilMs = Date.parse(written) - Date.parse(headers.date ?? "");
  return Number.isNaN(untilMs) ? undefined : Math.min(Math.max(0, untilMs), retryAfterMsMax);
}

/** A response that is none of its dialect. */
export function malformed(description: string, code?: string): ConnectError {
  return fault("BACKEND_MALFORMED", description, code === undefined ? {} : { metadata: { code } });
}

/** A stream that ended before its response was whole. */
export function cutOff(): ConnectError {
  return fault("BACKEND_FAILED", "the provider ended its stream before the response was whole");
}

/** The refusal of a parameter that the target cannot express and whose loss would change the response's shape. */
export function unsupported(param: string, description: string): ConnectError {
  return fault("PARAMETER_UNSUPPORTED", `${param}: ${description}`, {
    fields: [{ field: param, description }],
    metadata: { param },
  });
}

/** The JSON of a frame. Throws BACKEND_MALFORMED for what is none. */
export function parsedFrame(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw malformed("the provider sent a frame that is no JSON");
  }
}
