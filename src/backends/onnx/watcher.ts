/** Looks at the model repository again and again, and tells of what has changed once it is at rest. */

import type { Clock } from "#core/clock.ts";

/** What is looked at. */
export interface Watched {
  /** Every model by name, with a text that changes when any of its files does. */
  look(): Promise<ReadonlyMap<string, string>>;
  /** Notified of a model that is new, has changed or is gone; rejections are no one's. */
  onChange(name: string): Promise<unknown>;
}

/**
 * Looks every `everyMs` until the signal aborts; `first` is what was there when models were read. What has changed is reported when it looks the same
 * twice in a row: files that are still being copied are left alone. Asking costs a few looks at
 * folders, and works for mounts too, which notify no one.
 */
export async function watchRepository(
  first: ReadonlyMap<string, string>,
  { look, onChange }: Watched,
  { everyMs, clock, signal }: { everyMs: number; clock: Clock; signal: AbortSignal },
): Promise<void> {
  let told = first;
  let before = first;
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    // A repository that cannot be read says nothing about its models.
    const now = await look().catch(() => undefined);
    if (now === undefined) continue;
    const next = new Map(told);
    for (const name of new Set([...told.keys(), ...now.keys()])) {
      const stamp = now.get(name);
      if (stamp === told.get(name) || stamp !== before.get(name)) continue;
      if (stamp === undefined) next.delete(name);
      else next.set(name, stamp);
      await onChange(name).catch(() => undefined);
    }
    told = next;
    before = now;
  }
}
