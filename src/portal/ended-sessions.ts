/** Sessions that somebody has ended before their time: remembered until they would have ended by themselves. */

import { randomBytes } from "node:crypto";
import { BroadcastChannel } from "node:worker_threads";

/** Most that are remembered; beyond that the one that ended first is good again until its time is up. */
const endedMax = 10_000;

/** What threads of one process, and gateways, tell each other. */
export interface EndedSession {
  readonly id: string;
  /** When it would have ended by itself, in milliseconds of the wall's clock. */
  readonly untilWallMs: number;
}

/** What the process keeps of sessions, whatever its settings become. */
export class EndedSessions implements Disposable {
  /** Seals sessions where no secret is configured: they end with the process. */
  readonly secret = randomBytes(32).toString("base64url");
  readonly #untilWallMs = new Map<string, number>();
  readonly #channel: BroadcastChannel | undefined;

  /** `isOneOfSeveral`: other threads take requests of the same sessions. */
  constructor(isOneOfSeveral: boolean) {
    if (!isOneOfSeveral) return;
    this.#channel = new BroadcastChannel("polygate ended sessions");
    this.#channel.unref();
    this.#channel.onmessage = (message) => this.#add((message as { data: EndedSession }).data);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#untilWallMs.size;
  }

  /** Ends a session, which would have lasted until then. */
  end(ended: EndedSession): void {
    this.#add(ended);
    this.#channel?.postMessage(ended);
  }

  has(id: string): boolean {
    return this.#untilWallMs.has(id);
  }

  [Symbol.dispose](): void {
    this.#channel?.close();
  }

  #add({ id, untilWallMs }: EndedSession): void {
    const now = Date.now();
    for (const [old, until] of this.#untilWallMs) {
      if (until > now && this.#untilWallMs.size < endedMax) break;
      this.#untilWallMs.delete(old);
    }
    this.#untilWallMs.set(id, untilWallMs);
  }
}
