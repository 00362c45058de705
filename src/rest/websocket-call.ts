/** Streaming calls over WebSocket: the handshake, then a JSON text for each message both ways. */

import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { ConnectError, ContextValues } from "@connectrpc/connect";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { httpStatusFrom } from "#errors/http-status.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import type { CallPath } from "#rpc/call.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { admitted } from "#rpc/intake.ts";
import { WebSocketConnection, type WebSocketOptions } from "#websocket/connection.ts";
import { closeCode } from "#websocket/frame.ts";
import { acceptanceOf, callSourceOf } from "#websocket/handshake.ts";
import type { BodyReading } from "./body.ts";
import { type ErrorFacts, errorJson } from "./error-body.ts";
import { messageFromJson } from "./json-body.ts";
import { refuse } from "./refusal.ts";
import { bindTarget, readTimeout } from "./request.ts";
import type { RouteMatch } from "./router.ts";

/** What a streaming call over WebSocket needs. */
export interface SocketCalling {
  readonly calls: CallPath;
  readonly reading: BodyReading;
  readonly options: WebSocketOptions;
  readonly values: ContextValues;
  /** Whoever may not call gets a WebSocket with the error in it, and not a response that refuses it. */
  readonly tellsRefusals: boolean;
  facts(): ErrorFacts;
}

/** The call's input: one message where the method takes one, else all until the empty text. */
async function* inputsOf(
  connection: WebSocketConnection,
  match: RouteMatch,
  target: string,
  reading: BodyReading,
): AsyncIterable<Message> {
  const { methodKind } = match.route.method;
  for await (const text of connection.texts()) {
    if (text === "") return;
    const message = await messageFromJson(match.route, reading.json, text);
    yield bindTarget(match, target, reading, message);
    if (methodKind === "server_streaming") return;
  }
}

function writer({ route }: RouteMatch, method: DescMethod, { json }: BodyReading) {
  const { responseField } = route;
  return (message: Message) =>
    responseField === undefined
      ? json.write(method.output, message)
      : json.writeField(method.output, message, responseField);
}

/**
 * Takes an upgrade over and runs the call that its path names. Each text is a message as JSON; an
 * empty one ends the client's. The call's end closes with 1000, an error is a last text and closes
 * with 1008, 1011 or, when the server stops, 1001, and the reason's name. A client that closes cancels the call. Never rejects.
 */
export async function callOverSocket(
  match: RouteMatch,
  upgrade: Upgrade,
  calling: SocketCalling,
): Promise<void> {
  const { calls, reading, options, values, tellsRefusals } = calling;
  let connection: WebSocketConnection | undefined;
  try {
    const acceptance = acceptanceOf(upgrade);
    const gone = new AbortController();
    const source = callSourceOf(upgrade, gone.signal);
    const init = new ExchangeCall(source, values, "rest", { clock: options.clock });
    const open = () => {
      upgrade.accept(acceptance);
      const opened = new WebSocketConnection(upgrade.socket, upgrade.head, options);
      const { signal } = opened;
      signal.addEventListener("abort", () => gone.abort(signal.reason), { once: true });
      return opened;
    };
    if (tellsRefusals) connection = open();
    await admitted(calls, match.route.method, init, () => readTimeout(init, source));
    connection ??= open();
    const { method } = match.route;
    const inputs = inputsOf(connection, match, upgrade.target, reading);
    const write = writer(match, method, reading);
    for await (const text of calls.stream(method, inputs, init, write).messages) {
      await connection.send(text);
    }
    await connection.close(closeCode.normal, "");
  } catch (thrown) {
    const error = faultFrom(thrown);
    if (connection === undefined) refuse(upgrade, error, calling.facts());
    else await closeWith(connection, error, calling.facts());
  }
}

function closeCodeOf(error: ConnectError, reason: string): number {
  if (reason === "SHUTTING_DOWN") return closeCode.goingAway;
  return httpStatusFrom(error) < 500 ? closeCode.policyViolation : closeCode.internalError;
}

async function closeWith(
  connection: WebSocketConnection,
  error: ConnectError,
  facts: ErrorFacts,
): Promise<void> {
  try {
    if (!connection.signal.aborted) await connection.send(errorJson(error, facts));
  } catch {
    // The client left while it was notified: there is no one to close with.
  }
  const reason = reasonOf(error) ?? "INTERNAL";
  await connection.close(closeCodeOf(error, reason), reason);
}
