/** Streaming calls over WebSocket: the handshake, then a JSON text for each message both ways. */

import { createHash } from "node:crypto";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { ConnectError, ContextValues } from "@connectrpc/connect";
import { onAbort } from "#core/on-abort.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { httpStatusFrom } from "#errors/http-status.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import type { CallPath } from "#rpc/call.ts";
import { type CallSource, ExchangeCall } from "#rpc/exchange-call.ts";
import type { BodyReading } from "./body.ts";
import { type ErrorFacts, errorJson } from "./error-body.ts";
import { messageFromJson } from "./json-body.ts";
import { refuse } from "./refusal.ts";
import { bindTarget, readTimeout } from "./request.ts";
import type { RouteMatch } from "./router.ts";
import { WebSocketConnection, type WebSocketOptions } from "./websocket.ts";
import { closeCode } from "./websocket-frame.ts";

/** What a streaming call over WebSocket needs. */
export interface SocketCalling {
  readonly calls: CallPath;
  readonly reading: BodyReading;
  readonly options: WebSocketOptions;
  readonly values: ContextValues;
  facts(): ErrorFacts;
}

/** RFC 6455, 1.3: what proves that a server understood the handshake. */
const handshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The value of Sec-WebSocket-Accept. Throws REQUEST_INVALID for what is no handshake of version 13. */
function acceptKeyOf(upgrade: Upgrade): string {
  const key = upgrade.header("sec-websocket-key") ?? "";
  const isWebSocket =
    upgrade.header("upgrade")?.toLowerCase() === "websocket" && upgrade.method === "GET";
  const version = upgrade.header("sec-websocket-version");
  if (!isWebSocket || version !== "13" || !/^[\w+/]{22}==$/.test(key)) {
    throw fault("REQUEST_INVALID", "upgrade: expected a WebSocket handshake of version 13");
  }
  return createHash("sha1")
    .update(key + handshakeGuid)
    .digest("base64");
}

function sourceOf(upgrade: Upgrade, signal: AbortSignal): CallSource {
  const { method, target, authority, peer } = upgrade;
  return {
    ...{ method, target, authority, peer, signal },
    onGone: (listener) => onAbort(signal, listener),
    header: (name) => upgrade.header(name),
    headers: () => upgrade.headers(),
  };
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
  const { calls, reading, options, values } = calling;
  let connection: WebSocketConnection | undefined;
  try {
    const acceptKey = acceptKeyOf(upgrade);
    const gone = new AbortController();
    const source = sourceOf(upgrade, gone.signal);
    const init = new ExchangeCall(source, values, "rest");
    readTimeout(init, source);
    await calls.admit(match.route.method, init);
    upgrade.accept([
      ["upgrade", "websocket"],
      ["sec-websocket-accept", acceptKey],
    ]);
    connection = new WebSocketConnection(upgrade.socket, upgrade.head, options);
    const { signal } = connection;
    signal.addEventListener("abort", () => gone.abort(signal.reason), { once: true });
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
    // The client left while it was told: there is nobody to close with.
  }
  const reason = reasonOf(error) ?? "INTERNAL";
  await connection.close(closeCodeOf(error, reason), reason);
}
