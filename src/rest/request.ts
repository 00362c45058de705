/** Turns a matched HTTP request into the messages and the metadata of a call. */

import type { Message } from "@bufbuild/protobuf";
import type { Exchange } from "#exchange/exchange.ts";
import type { CallSource, ExchangeCall } from "#rpc/exchange-call.ts";
import { type BodyReading, messageFromBody, messagesFromBody } from "./body.ts";
import { timeoutMsFrom } from "./deadline.ts";
import { FieldWriter } from "./field-writer.ts";
import type { RouteMatch } from "./router.ts";

function queryOf(target: string): string {
  const question = target.indexOf("?");
  return question < 0 ? "" : target.slice(question + 1);
}

/** Puts path and query into a message that the body made: the path over it, the query next to it. */
export function bindTarget(
  { route, captures }: RouteMatch,
  target: string,
  { binder }: BodyReading,
  message: Message,
): Message {
  const query = queryOf(target);
  if (captures.length === 0 && query === "") return message;
  const writer = new FieldWriter(message, route.method.input);
  binder.path(route, captures, writer);
  binder.query(route, query, writer);
  return message;
}

/**
 * The one message of a request, at once when its body is here already. Throws, or rejects with, what
 * reading body and parameters throws.
 */
export function messageOf(
  match: RouteMatch,
  exchange: Exchange,
  reading: BodyReading,
): Message | Promise<Message> {
  const { target } = exchange;
  const message = messageFromBody(match.route, exchange, reading);
  return message instanceof Promise
    ? message.then((read) => bindTarget(match, target, reading, read))
    : bindTarget(match, target, reading, message);
}

/** The messages of a request that streams them; path and query go into each. */
export async function* messagesOf(
  match: RouteMatch,
  exchange: Exchange,
  reading: BodyReading,
): AsyncIterable<Message> {
  for await (const message of messagesFromBody(match.route, exchange, reading)) {
    yield bindTarget(match, exchange.target, reading, message);
  }
}

/** Reads the call's deadline from its fields. Throws PARAMETER_INVALID for one that does not read. */
export function readTimeout(call: ExchangeCall, source: CallSource): void {
  call.timeoutMs = timeoutMsFrom((name) => source.header(name));
}
