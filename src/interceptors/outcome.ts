/** Tells once how a call ended: for a stream when its last message has left, else when it returns. */

import { Code, type Interceptor } from "@connectrpc/connect";
import { reasonOf, rowOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { CallOutcome } from "#observability/call-record.ts";

type AnyFn = Parameters<Interceptor>[0];
/** A request on its way inwards. */
export type AnyRequest = Parameters<AnyFn>[0];
type AnyResponse = Awaited<ReturnType<AnyFn>>;

const codeNames = new Map(
  Object.entries(Code)
    .filter((entry): entry is [string, Code] => typeof entry[1] === "number")
    .map(([name, code]) => [code, name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()]),
);

/** Service and method, such as polygate.v1.ChatService/Chat. */
export function procedureOf(request: AnyRequest): string {
  return `${request.service.typeName}/${request.method.name}`;
}

/** How a call that threw `thrown` ended; OK when it threw nothing. */
function outcomeOf(request: AnyRequest, thrown?: unknown): CallOutcome {
  const procedure = procedureOf(request);
  if (thrown === undefined) return { procedure, code: "OK", level: "info" };
  const error = faultFrom(thrown);
  const reason = reasonOf(error);
  return {
    procedure,
    // gRPC spells this code with two Ls (grpc/status.h).
    code: error.code === Code.Canceled ? "CANCELLED" : (codeNames.get(error.code) ?? "UNKNOWN"),
    level: rowOf(error).log,
    error,
    ...(reason === undefined ? {} : { reason }),
  };
}

/**
 * Passes messages on and calls `ended` once. An abort ends the call even while nobody pulls: a
 * server need not return to a generator whose client has left.
 */
async function* watched(
  request: AnyRequest,
  messages: AsyncIterable<never>,
  ended: (outcome: CallOutcome) => void,
): AsyncGenerator<never> {
  const { signal } = request;
  let told = false;
  const tell = (thrown?: unknown) => {
    if (told) return;
    told = true;
    signal.removeEventListener("abort", leave);
    ended(outcomeOf(request, thrown));
  };
  const leave = () => tell(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    yield* messages;
    tell();
  } catch (thrown) {
    tell(thrown);
    throw thrown;
  } finally {
    tell(new DOMException("the client left", "AbortError"));
  }
}

/** Runs the rest of the chain and calls `ended` exactly once. */
export async function observe(
  next: AnyFn,
  request: AnyRequest,
  ended: (outcome: CallOutcome) => void,
): Promise<AnyResponse> {
  let response: AnyResponse;
  try {
    response = await next(request);
  } catch (thrown) {
    ended(outcomeOf(request, thrown));
    throw thrown;
  }
  if (!response.stream) {
    ended(outcomeOf(request));
    return response;
  }
  const messages = response.message as AsyncIterable<never>;
  return { ...response, message: watched(request, messages, ended) };
}
