/** One call of any method, from JSON to JSON; a stream's messages as they come. */

import {
  createRegistry,
  type DescMethod,
  fromJson,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { transport } from "#web/data/transport.ts";

/** Messages of a call that are kept for the page: the latest. */
const messagesMax = 100;

/** A message of a call, in the order of both directions. */
interface CallMessage {
  readonly number: number;
  readonly json: string;
  /** The page sent it; only where a call takes more than one. */
  readonly isSent: boolean;
}

/** A call as far as it has come. */
export interface Call {
  readonly messages: readonly CallMessage[];
  /** Messages that are not kept any more. */
  readonly dropped: number;
  readonly requestId: string;
  /** Absent while it is in progress. */
  readonly tookMs?: number;
  readonly error?: unknown;
}

/** A call that has not begun. */
export const noCall: Call = { messages: [], dropped: 0, requestId: "" };

/** The call with one message more. */
export function withMessage(call: Call, json: string, isSent: boolean): Call {
  const number = call.dropped + call.messages.length + 1;
  const messages = [...call.messages, { number, json, isSent }].slice(-messagesMax);
  return { ...call, messages, dropped: number - messages.length };
}

/** What a call may be given. */
interface Options {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

async function* answersOf(
  method: DescMethod,
  input: Message,
  { signal, timeoutMs }: Options,
  onHeader: (header: Headers) => void,
): AsyncGenerator<Message> {
  if (method.methodKind === "unary") {
    const { header, message } = await transport.unary(
      method as typeof method & { methodKind: "unary" },
      signal,
      timeoutMs,
      undefined,
      input,
    );
    onHeader(header);
    yield message;
    return;
  }
  const requests = (async function* () {
    yield input;
  })();
  const { header, message } = await transport.stream(
    method as typeof method & { methodKind: "server_streaming" },
    signal,
    timeoutMs,
    undefined,
    requests,
  );
  onHeader(header);
  yield* message;
}

/** Calls `method`; `show` is given the call whenever it has come further. */
export async function callMethod(
  method: DescMethod,
  text: string,
  options: Options,
  show: (call: Call) => void,
): Promise<void> {
  const began = performance.now();
  const registry = createRegistry(method.output);
  let call = noCall;
  const change = (part: Partial<Call>) => {
    call = { ...call, ...part };
    show(call);
  };
  const onHeader = (header: Headers) => change({ requestId: header.get("x-request-id") ?? "" });
  change({});
  try {
    const input = fromJson(method.input, JSON.parse(text));
    for await (const message of answersOf(method, input, options, onHeader)) {
      const json = JSON.stringify(toJson(method.output, message, { registry }), null, 2);
      change(withMessage(call, json, false));
    }
  } catch (error) {
    const requestId = ConnectError.from(error).metadata.get("x-request-id") ?? call.requestId;
    change({ error, requestId });
  }
  change({ tookMs: performance.now() - began });
}
