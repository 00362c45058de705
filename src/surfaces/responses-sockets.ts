/** Responses over WebSockets: who may open one, what all of them share, and their end when the server stops. */

import { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Upgrade } from "#exchange/upgrade.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { valuesOf } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { CallPath } from "#rpc/call.ts";
import { ExchangeCall } from "#rpc/exchange-call.ts";
import { admitted } from "#rpc/intake.ts";
import { WebSocketConnection } from "#websocket/connection.ts";
import { acceptanceOf, repeatedSource } from "#websocket/handshake.ts";
import { errorOf } from "./llm-error.ts";
import type { LlmChat } from "./llm-paths.ts";
import { ResponsesSession } from "./responses-session.ts";

/** What the sockets need. */
export interface ResponsesSocketsOptions {
  readonly calls: CallPath;
  readonly clock: Clock;
  /** Largest message, and largest conversation. */
  readonly bodyBytesMax: number;
  /** Time between two pings. */
  readonly heartbeatMs: number;
  readonly capturesBodies: boolean;
}

/** What all of them may hold of each: messages that are not whole, conversations that are kept, turns. */
const heldBytesMin = 64 * 1024 * 1024;
const heldMessages = 4;

function noHead(): void {}

/** The open ones. */
export class ResponsesSockets {
  readonly #options: ResponsesSocketsOptions;
  readonly #held: ByteBudget;
  readonly #kept: ByteBudget;
  readonly #waiting: ByteBudget;
  readonly #open = new Set<ResponsesSession>();
  #isRetired = false;

  constructor(options: ResponsesSocketsOptions) {
    this.#options = options;
    const bytesMax = Math.max(heldBytesMin, heldMessages * options.bodyBytesMax);
    this.#held = new ByteBudget(bytesMax);
    this.#kept = new ByteBudget(bytesMax);
    this.#waiting = new ByteBudget(bytesMax);
  }

  /** Opens one for whoever may call, and serves it to its end. Never rejects. */
  async serve(endpoint: LlmChat, upgrade: Upgrade, record: CallRecord): Promise<void> {
    const { calls, clock, bodyBytesMax, heartbeatMs, capturesBodies } = this.#options;
    const sourceOf = repeatedSource(upgrade);
    let connection: WebSocketConnection;
    try {
      const acceptance = acceptanceOf(upgrade);
      const source = sourceOf(new AbortController().signal);
      const call = new ExchangeCall(source, valuesOf(record), endpoint.surface, { clock });
      await admitted(calls, ChatService.method.streamChat, call, noHead);
      upgrade.accept(acceptance);
      connection = new WebSocketConnection(upgrade.socket, upgrade.head, {
        clock,
        heartbeatMs,
        messageBytesMax: bodyBytesMax,
        held: this.#held,
      });
    } catch (thrown) {
      const { status, fields, body } = errorOf(endpoint, faultFrom(thrown), record);
      upgrade.respond(status, fields, body);
      return;
    }
    const session = new ResponsesSession(connection, {
      ...{ calls, clock, endpoint, sourceOf, record, bodyBytesMax },
      readsText: capturesBodies,
      kept: this.#kept,
      waiting: this.#waiting,
    });
    this.#open.add(session);
    if (this.#isRetired) session.retire();
    await session.run();
    this.#open.delete(session);
  }

  /** Takes no more turns: each connection closes as soon as it has none. */
  retire(): void {
    this.#isRetired = true;
    for (const session of this.#open) session.retire();
  }
}
