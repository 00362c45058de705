/** An HTTP/1.1 connection without a socket, and what came out of it. */

import { ByteBudget } from "#core/byte-budget.ts";
import { Connection } from "#http1/connection.ts";
import type { ConnectionHandler } from "#http1/connection-handler.ts";
import { FieldNames } from "#http1/field-name.ts";
import { type ConnectionLimits, defaultLimits } from "#http1/limits.ts";
import type { Refusal } from "#http1/refusal.ts";
import { HeadEnds } from "#http1/response-head.ts";
import type { ExchangeEnd, ServerExchange } from "#http1/server-exchange.ts";
import { createManualClock } from "./manual-clock.ts";

/** A request as it was understood. */
export interface TakenRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Answers a request that the harness has noted. */
export type Serve = (exchange: ServerExchange) => void | Promise<void>;

const names = new FieldNames();

/** Reads all of the body, then answers. */
async function readAll(exchange: ServerExchange, note: (body: Buffer) => void): Promise<void> {
  note(exchange.takeBody() ?? (await exchange.body(Number.POSITIVE_INFINITY)));
  exchange.respond(200, [], "ok");
}

/** A connection that takes its output as a fast client would. */
export class Http1Harness {
  readonly connection: Connection;
  readonly requests: TakenRequest[] = [];
  readonly refusals: Refusal[] = [];
  readonly ends: ExchangeEnd[] = [];
  readonly buffers: ByteBudget;
  /** Exchanges that were handed over. */
  begun = 0;
  output = "";
  nowMs = 0;

  constructor(serve?: Serve, limits: Partial<ConnectionLimits> = {}) {
    const handler: ConnectionHandler = {
      onRequest: (exchange) => {
        this.begun += 1;
        exchange.onEnd((end) => this.ends.push(end));
        const done =
          serve === undefined
            ? readAll(exchange, (body) => this.#note(exchange, body))
            : serve(exchange);
        done?.catch(() => exchange.reset());
      },
      takesUpgrade: (protocol) => protocol === "websocket",
      onRefusal: (refusal) => {
        this.refusals.push(refusal);
        return { fields: [], body: refusal.message };
      },
      onChange: () => {},
    };
    const all = { ...defaultLimits, ...limits };
    const headEnds = new HeadEnds(createManualClock(), all.keepAliveTimeoutMs);
    this.buffers = new ByteBudget(1 << 30);
    const share = { limits: all, names, headEnds, buffers: this.buffers };
    this.connection = new Connection(share, handler, this.nowMs);
  }

  /** Gives input, which is copied, and lets all work that it causes be done. */
  async receive(input: string | Buffer): Promise<void> {
    const bytes = typeof input === "string" ? Buffer.from(input, "latin1") : Buffer.from(input);
    this.connection.receive(bytes, this.nowMs);
    await this.settle();
  }

  /** Takes output and reads on until nothing happens any more. */
  async settle(): Promise<void> {
    do {
      for (const chunk of this.connection.takeOutput(Number.POSITIVE_INFINITY)) {
        this.output += typeof chunk === "string" ? chunk : chunk.toString("latin1");
      }
      this.connection.sent(this.nowMs);
      if (this.connection.hasInput) this.connection.readOn(this.nowMs);
      for (let turn = 0; turn < 8; turn += 1) await null;
    } while (this.connection.hasOutput || this.connection.hasInput);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    this.connection.tick(this.nowMs);
    await this.settle();
  }

  #note(exchange: ServerExchange, body: Buffer): void {
    const { method, path } = exchange;
    const fields = [...exchange.headers()];
    this.requests.push({ method, path, fields, body: body.toString("latin1") });
  }
}
