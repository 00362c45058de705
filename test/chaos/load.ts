/** The load that everything is broken under: calls by the clock, streams that never cease, new connections. */

import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { ownTime } from "../support/process-figures.ts";
import type { ChaosGateway } from "./gateway.ts";
import { type GrpcCalls, type GrpcFacts, grpcCalls } from "./grpc-calls.ts";
import type { Mode } from "./scenario.ts";
import { Phase } from "./tally.ts";

/** How much; what is absent is as docs/design/chaos.md says. */
export interface LoadFacts extends Omit<GrpcFacts, "ports"> {
  readonly gateways: readonly Pick<ChaosGateway, "port" | "queuedMs">[];
  readonly unaryPerSecond?: number;
  readonly streams?: number;
  readonly connectionsPerSecond?: number;
}

/** Connections that unary calls share. */
const clientCount = 4;
const connectionTimeoutMs = 10_000;
const chat = JSON.stringify({ message: "hello" });
/** Runs until it is disposed of, which waits for what is in progress. */
export class Load implements AsyncDisposable {
  readonly #facts: Required<LoadFacts>;
  readonly #ports: readonly number[];
  readonly #calls: readonly GrpcCalls[];
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  readonly #inProgress = new Set<Promise<unknown>>();
  readonly #text: string;
  #phase = new Phase();

  constructor({ rate }: Mode, facts: LoadFacts) {
    this.#facts = {
      unaryPerSecond: 200,
      streams: 20,
      connectionsPerSecond: 50,
      repeats: false,
      headers: {},
      deadlineMs: 10_000,
      ...facts,
    };
    this.#ports = facts.gateways.map(({ port }) => port);
    const { repeats, headers, deadlineMs } = this.#facts;
    const calls = { ports: this.#ports, repeats, headers, deadlineMs };
    this.#calls = Array.from({ length: clientCount }, () => grpcCalls(calls));
    const { unaryPerSecond, streams, connectionsPerSecond } = this.#facts;
    this.#text = `load: ${rate * unaryPerSecond} unary calls/s by gRPC, ${Math.ceil(rate * streams)} streams, ${rate * connectionsPerSecond} new connections/s`;
    this.#running = Promise.all([
      this.#each(rate * unaryPerSecond, (count) => this.#unary(count)),
      this.#each(rate * connectionsPerSecond, (count) => this.#connection(count)),
      ...Array.from({ length: Math.ceil(rate * streams) }, (_, index) => this.#streams(index)),
    ]);
  }

  /** In words. */
  text(): string {
    return this.#text;
  }

  /** Gives what was seen since the last time, and begins anew; a call counts where it began. */
  next(): Phase {
    const phase = this.#phase;
    this.#phase = new Phase();
    return phase;
  }

  /** Stops; resolves with what was seen since the last `next`, once all of it has ended. */
  async end(): Promise<Phase> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.#inProgress);
    return this.#phase;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    for (const calls of this.#calls) calls[Symbol.dispose]();
  }

  #begin(): () => number {
    return ownTime(this.#facts.gateways);
  }

  async #each(perSecond: number, call: (count: number) => Promise<void>): Promise<void> {
    const startMs = performance.now();
    for (let count = 0; perSecond > 0 && !this.#stop.signal.aborted; count += 1) {
      const waitMs = startMs + (count * 1_000) / perSecond - performance.now();
      if (waitMs > 1) await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (this.#stop.signal.aborted) return;
      const made = call(count).finally(() => this.#inProgress.delete(made));
      this.#inProgress.add(made);
    }
  }

  async #unary(count: number): Promise<void> {
    const { unary } = this.#phase;
    const passedMs = this.#begin();
    const failure = await this.#calls[count % this.#calls.length]?.chat("hello");
    if (failure === undefined) unary.ok(passedMs());
    else unary.fail(failure);
  }

  async #streams(index: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { streams } = this.#phase;
      const passedMs = this.#begin();
      const end = await this.#calls[index % this.#calls.length]?.streamChat("hello");
      if (end === undefined || end.code !== 0) {
        streams.fail(`${end?.code} ${end?.details}`);
        await sleep(10);
      } else streams.ok(passedMs());
    }
  }

  /** A call over HTTP/1.1 on a connection of its own; one that repeats goes to the next gateway. */
  async #connection(count: number): Promise<void> {
    const { connections } = this.#phase;
    const { repeats } = this.#facts;
    const ports = this.#ports;
    const passedMs = this.#begin();
    let failure: string | undefined;
    for (let tries = 0; tries < (repeats ? ports.length : 1); tries += 1) {
      failure = await this.#post(ports[(count + tries) % ports.length] ?? 0);
      if (failure === undefined) return connections.ok(passedMs());
    }
    connections.fail(failure ?? "");
  }

  #post(port: number): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const headers = { "content-type": "application/json", ...this.#facts.headers };
    const sent = request(
      { port, host: "127.0.0.1", path: "/api/v1/chat", method: "POST", agent: false, headers },
      (response) => {
        response.resume();
        response.once("end", () =>
          resolve(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`),
        );
        response.once("error", (error) => resolve(error.message));
      },
    );
    sent.setTimeout(connectionTimeoutMs, () => sent.destroy(new Error("no response in time")));
    sent.once("error", (error) => resolve(error.message));
    sent.end(chat);
    return promise;
  }
}
