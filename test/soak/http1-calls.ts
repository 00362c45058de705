/** Whole calls over HTTP/1.1, one after the other on connections that are kept. */

import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import type { Target } from "./target.ts";

/** A request that is repeated. */
export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What the gateway made of a call. */
export interface Response {
  readonly status: number;
  readonly text: string;
}

/** A caller with a connection of its own. */
export class Http1Caller implements Disposable {
  readonly #target: Target;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(target: Target) {
    this.#target = target;
    this.#agent.createConnection = () => target.open();
  }

  /** Makes a call and counts its status; undefined when the connection breaks. */
  async call({ method = "POST", path, headers = {}, body }: Call): Promise<Response | undefined> {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage | undefined>();
    const length = body === undefined ? {} : { "content-length": body.length };
    const options = { agent: this.#agent, method, path, headers: { ...length, ...headers } };
    const outgoing = request({ ...options, host: "localhost" }, resolve);
    outgoing.on("error", () => resolve(undefined));
    outgoing.end(body);
    const incoming = await promise;
    if (incoming === undefined) return undefined;
    const status = incoming.statusCode ?? 0;
    this.#target.saw(String(status));
    try {
      return { status, text: await text(incoming) };
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** Repeats the calls in turn, on so many connections, until the attack is over. */
export async function repeatCalls(
  target: Target,
  connections: number,
  calls: readonly Call[],
): Promise<void> {
  await target.repeat(connections, async (place) => {
    using caller = new Http1Caller(target);
    let next = place;
    let response: Response | undefined;
    do {
      response = await caller.call(calls[next % calls.length] ?? { path: "/" });
      next += 1;
    } while (response !== undefined && !target.isOver);
  });
}
