/** The one pool of workers that run models for all threads: a session that several ask for is loaded once. */

import { stat } from "node:fs/promises";
import type { SessionSignature } from "#backends/onnx/messages.ts";
import type { WorkerPool } from "#backends/onnx/worker-pool.ts";
import type { Clock } from "#core/clock.ts";
import type { SessionLoad, ThreadInference, ThreadInferred } from "./messages.ts";
import { ownTensor } from "./own-tensor.ts";
import { Moved } from "./port-calls.ts";

/** A session in the pool, and the keys by which threads know it. */
interface Session {
  /** By which the pool knows it. */
  readonly key: string;
  readonly content: string;
  readonly signature: Promise<SessionSignature>;
  readonly users: Set<string>;
}

/** What a thread calls a session, unlike all others. */
const userOf = (slot: number, key: string) => `${slot} ${key}`;

/** Sessions of the threads. Disposing of it disposes of the pool. */
export class SharedSessions implements AsyncDisposable {
  readonly #pool: WorkerPool;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #byContent = new Map<string, Session>();
  readonly #byUser = new Map<string, Session>();
  /** Runs that somebody waits for, by thread. */
  readonly #runs = new Map<number, Map<number, AbortController>>();
  #loads = 0;

  constructor(pool: WorkerPool, clock: Pick<Clock, "nowMs">) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** Loads a session for a thread, or gives it the one that another has of the same file. Rejects as the pool does. */
  async load(slot: number, { request, instances }: SessionLoad): Promise<SessionSignature> {
    const { key: theirs, ...what } = request;
    const content = JSON.stringify([await stampOf(request.file), what, instances]);
    const session = this.#byContent.get(content) ?? this.#begin(content, request, instances);
    const user = userOf(slot, theirs);
    session.users.add(user);
    this.#byUser.set(user, session);
    try {
      return await session.signature;
    } catch (thrown) {
      this.#forget(user, session);
      throw thrown;
    }
  }

  /** Lets go of a session, which ends with the last thread that has it. */
  async unload(slot: number, key: string): Promise<void> {
    const user = userOf(slot, key);
    const session = this.#byUser.get(user);
    if (session === undefined) return;
    this.#forget(user, session);
    if (session.users.size === 0) await this.#pool.unload(session.key);
  }

  /** Runs an inference of a thread. Rejects as the pool does. */
  async run(
    slot: number,
    { run, key, withinMs, ...inference }: ThreadInference,
  ): Promise<Moved<ThreadInferred>> {
    const runs = this.#runs.get(slot) ?? new Map<number, AbortController>();
    this.#runs.set(slot, runs);
    const cancelling = new AbortController();
    runs.set(run, cancelling);
    let ran: ThreadInferred["ran"];
    try {
      const inferred = await this.#pool.run(
        {
          ...inference,
          // What no session has is refused by the pool, in its words.
          key: this.#byUser.get(userOf(slot, key))?.key ?? key,
          ...(withinMs !== undefined && { deadlineMs: this.#clock.nowMs() + withinMs }),
          onRun(rows, computeMs) {
            ran = { rows, computeMs };
          },
        },
        cancelling.signal,
      );
      // Those that ran as one have parts of the same memory.
      const outputs = inferred.outputs.map(ownTensor);
      return new Moved(
        { ...inferred, outputs, ...(ran !== undefined && { ran }) },
        outputs.map(({ bytes }) => bytes.buffer),
      );
    } finally {
      runs.delete(run);
    }
  }

  /** Nobody waits any more for a run. */
  cancel(slot: number, run: number): void {
    this.#runs.get(slot)?.get(run)?.abort();
  }

  /** A thread has ended: its runs and its sessions are nobody's. */
  async ended(slot: number): Promise<void> {
    for (const cancelling of this.#runs.get(slot)?.values() ?? []) cancelling.abort();
    this.#runs.delete(slot);
    const prefix = userOf(slot, "");
    const keys = [...this.#byUser.keys()].filter((user) => user.startsWith(prefix));
    await Promise.all(keys.map((user) => this.unload(slot, user.slice(prefix.length))));
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#pool[Symbol.asyncDispose]();
  }

  #begin(content: string, request: SessionLoad["request"], instances?: number): Session {
    this.#loads += 1;
    const key = `${request.key} ${this.#loads}`;
    const signature = this.#pool.load({ ...request, key }, instances);
    const session = { key, content, signature, users: new Set<string>() };
    this.#byContent.set(content, session);
    return session;
  }

  #forget(user: string, session: Session): void {
    session.users.delete(user);
    this.#byUser.delete(user);
    // Whoever asks from now on gets another one: this one is on its way out.
    if (session.users.size > 0 || this.#byContent.get(session.content) !== session) return;
    this.#byContent.delete(session.content);
  }
}

/** What tells a file from one that takes its place. */
async function stampOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    // Loading it tells why.
    return "missing";
  }
}
