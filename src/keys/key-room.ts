/** Keys and what was spent with them, over one database: everything that the gateway asks of this room. */

import type { Clock } from "#core/clock.ts";
import type { Database } from "#store/database.ts";
import { KeyStore } from "./key-store.ts";
import { LiveKeys } from "./live-keys.ts";
import { SpentBefore } from "./spent-before.ts";
import { UsageRecorder } from "./usage-recorder.ts";
import { UsageStore } from "./usage-store.ts";

/** What the room is opened with. */
export interface KeyRoomOptions {
  /** The room's from then on. */
  readonly database: Database;
  readonly clock: Clock;
  /** How long known keys go on while the database cannot be asked. */
  readonly outageMs: number;
  /** Notified of each failure, and when what failed works again. */
  onStore(about: "keys" | "usage" | "budgets", state: "failing" | "working", cause?: unknown): void;
  /** Notified of calls that usage will lack. */
  onLost(count: number): void;
}

/** Keys that are kept. Disposing of it writes what is not written yet. */
export interface KeyRoom extends AsyncDisposable {
  readonly store: KeyStore;
  readonly live: LiveKeys;
  readonly usage: UsageStore;
  readonly recorder: UsageRecorder;
  readonly spentBefore: SpentBefore;
}

/** Opens the room; a database that is away is asked again. */
export async function openKeyRoom(options: KeyRoomOptions): Promise<KeyRoom> {
  const { database, clock, outageMs, onStore, onLost } = options;
  const store = new KeyStore(database);
  const usage = new UsageStore(database);
  const live = await LiveKeys.open({
    ...{ store, clock, outageMs },
    onStore: (state, cause) => onStore("keys", state, cause),
  });
  const recorder = new UsageRecorder({
    ...{ store: usage, clock, onLost },
    onUsed: (times) => store.used(times),
    onStore: (state, cause) => onStore("usage", state, cause),
  });
  const spentBefore = new SpentBefore({
    ...{ store: usage, recorder, clock },
    onStore: (state, cause) => onStore("budgets", state, cause),
  });
  return {
    ...{ store, live, usage, recorder, spentBefore },
    async [Symbol.asyncDispose]() {
      spentBefore[Symbol.dispose]();
      await live[Symbol.asyncDispose]();
      await recorder[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
