/** Live keys follow their store: what they hold, how soon they see a change, what happens while the store is away. */

import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Found } from "#identity/credentials.ts";
import { isLive, type Key } from "#keys/key.ts";
import { digestOf, newKeyText, shownOf } from "#keys/key-text.ts";
import { LiveKeys, type LiveKeysOptions } from "#keys/live-keys.ts";
import { createManualClock } from "../../support/manual-clock.ts";

/** A store in memory that counts what it is asked. */
class StoreDouble {
  readonly keys = new Map<string, Key>();
  change = 0;
  lookups = 0;
  isAway = false;
  /** What happens while a look-up is on its way. */
  during: (() => void) | undefined;

  put(key: Omit<Key, "change">): Key {
    this.change += 1;
    const changed = { ...key, change: this.change };
    this.keys.set(key.id, changed);
    return changed;
  }

  #all(): Key[] {
    if (this.isAway) throw new Error("away");
    return [...this.keys.values()];
  }

  async snapshot(max: number, nowMs: number) {
    const live = this.#all().filter((key) => isLive(key, nowMs));
    return { keys: live.slice(0, max), change: this.change };
  }

  async changesAfter(change: number) {
    const later = this.#all().filter((key) => key.change > change);
    return later.toSorted((one, other) => one.change - other.change);
  }

  async byDigest(digest: string) {
    this.lookups += 1;
    const found = this.#all().find(
      (key) => key.digest === digest || key.previous?.digest === digest,
    );
    this.during?.();
    return found;
  }
}

function keyOf(text: string, facts: Partial<Key> = {}): Omit<Key, "change"> {
  return {
    ...{ id: `key_${text}`, name: text.slice(-8), digest: digestOf(text), prefix: shownOf(text) },
    ...{ group: "", rights: { scopes: [], tags: [] }, createdMs: 0, createdBy: "a", sequence: 0 },
    ...facts,
  };
}

function opened(options: Partial<LiveKeysOptions> = {}) {
  const clock = createManualClock();
  const store = new StoreDouble();
  const told: string[] = [];
  const open = async () => {
    const onStore = (state: string) => told.push(state);
    const live = await LiveKeys.open({ store, clock, outageMs: 5_000, onStore, ...options });
    const credentials = live.credentials({ team: { id: "team", allowance: { burst: 3 } } });
    return Object.assign(live, { find: (text: string) => credentials.find(text) });
  };
  return { clock, store, told, open };
}

const nameOf = (found: Found | undefined) => found?.principal.id;

test("a key that is there at the start is found at once, with its group, and no store is asked", async () => {
  const { store, open } = opened();
  const text = newKeyText();
  store.put(keyOf(text, { group: "team" }));
  await using live = await open();
  const found = live.find(text) as Found;
  expect(found.principal.group).toEqual({ id: "team", allowance: { burst: 3 } });
  expect(live.find(newKeyText())).toBeUndefined();
  expect(live.find("a-key-of-the-settings")).toBeUndefined();
  expect(store.lookups).toBe(0);
});

test("what another process changes is seen within half a second, and what was found is no longer current", async () => {
  const { clock, store, open } = opened();
  const text = newKeyText();
  await using live = await open();
  expect(live.find(text)).toBeUndefined();
  const key = store.put(keyOf(text));
  await clock.advance(500);
  const found = live.find(text) as Found;
  expect(found.isCurrent?.()).toBe(true);
  store.put({ ...key, rights: { scopes: ["admin"], tags: [] } });
  await clock.advance(500);
  expect(found.isCurrent?.()).toBe(false);
  const changed = live.find(text) as Found;
  expect([...changed.principal.scopes]).toEqual(["admin"]);
  store.put({ ...key, revokedMs: clock.wallMs() });
  await clock.advance(500);
  expect(changed.isCurrent?.()).toBe(false);
  expect(live.find(text)).toBeUndefined();
});

test("what this process changes is in force at once, and an older change that comes late is passed over", async () => {
  const { store, open } = opened();
  const text = newKeyText();
  const before = store.put(keyOf(text));
  await using live = await open();
  const found = live.find(text) as Found;
  live.apply(store.put({ ...before, revokedMs: 1 }));
  expect(found.isCurrent?.()).toBe(false);
  expect(live.find(text)).toBeUndefined();
  live.apply(before);
  expect(live.find(text)).toBeUndefined();
});

test("a key that is revoked here while all keys are read for the first time is not taken from what was read before", async () => {
  const { clock, store, open } = opened();
  const text = newKeyText();
  const key = store.put(keyOf(text));
  store.isAway = true;
  await using live = await open();
  store.isAway = false;
  const snapshot = store.snapshot.bind(store);
  store.snapshot = async (max, nowMs) => {
    const read = await snapshot(max, nowMs);
    live.apply(store.put({ ...key, revokedMs: nowMs }));
    return read;
  };
  await clock.advance(1_000);
  expect(live.find(text)).toBeUndefined();
});

test("a key that has the name of one of the settings is unknown, so that it is never taken for that", async () => {
  const { store, open } = opened();
  const [text, other] = [newKeyText(), newKeyText()];
  store.put(keyOf(text, { name: "ci" }));
  store.put(keyOf(other));
  await using live = await open();
  const settled = live.credentials({}, new Set(["ci"]));
  expect(settled.find(text)).toBeUndefined();
  expect(await settled.find(other)).toBeDefined();
});

test("a key ends by the clock, and so does the text before of one that was rotated", async () => {
  const { clock, store, open } = opened();
  const [ends, old, renewed] = [newKeyText(), newKeyText(), newKeyText()];
  const untilMs = clock.wallMs() + 1_000;
  store.put(keyOf(ends, { expiresMs: untilMs }));
  store.put(keyOf(renewed, { previous: { digest: digestOf(old), untilMs } }));
  await using live = await open();
  const found = [ends, old, renewed].map((text) => live.find(text) as Found);
  expect(found.map((one) => one.isCurrent?.())).toEqual([true, true, true]);
  await clock.advance(1_000);
  expect(found.map((one) => one.isCurrent?.())).toEqual([false, false, true]);
  expect([live.find(ends), live.find(old)]).toEqual([undefined, undefined]);
});

test("no more digests are in memory than may be: further keys are looked up, and those that were pushed out are not trusted", async () => {
  const { clock, store, open } = opened({ digestsMax: 4 });
  const texts = Array.from({ length: 10 }, newKeyText);
  const keys = texts.map((text) => store.put(keyOf(text)));
  await using live = await open();
  const found = [];
  for (const text of texts) {
    const one = (await live.find(text)) as Found;
    expect(nameOf(one)).toBe(text.slice(-8));
    found.push(one);
  }
  expect(store.lookups).toBeGreaterThanOrEqual(6);
  expect(found.filter((one) => one.isCurrent?.())).toHaveLength(4);
  // One that nobody follows any more is looked up as it is now.
  const [first] = keys as [Key];
  store.put({ ...first, revokedMs: 1 });
  await clock.advance(500);
  expect(await live.find(texts[0] ?? "")).toBeUndefined();
  expect(await live.find(newKeyText())).toBeUndefined();
});

test("a key that is revoked while it is looked up is not taken for live", async () => {
  const { store, open } = opened({ digestsMax: 2 });
  const texts = [newKeyText(), newKeyText(), newKeyText()] as const;
  const keys = texts.map((text) => store.put(keyOf(text)));
  await using live = await open();
  store.during = () => {
    store.during = undefined;
    live.apply(store.put({ ...(keys[2] as Key), revokedMs: 1 }));
  };
  expect(await live.find(texts[2])).toBeUndefined();
  expect(store.lookups).toBe(2);
});

test("so many keys are looked up at one time and no more, and equal ones once", async () => {
  const { store, open } = opened({ digestsMax: 2 });
  for (let key = 0; key < 3; key += 1) store.put(keyOf(newKeyText()));
  await using live = await open();
  const text = newKeyText();
  const asked = [text, ...Array.from({ length: 63 }, newKeyText), text].map((one) =>
    live.find(one),
  );
  const refused = await Promise.resolve(live.find(newKeyText())).catch(faultFrom);
  expect(reasonOf(refused as never)).toBe("KEYS_UNAVAILABLE");
  expect(new Set(await Promise.all(asked))).toEqual(new Set([undefined]));
  expect(store.lookups).toBe(64);
  expect(await live.find(newKeyText())).toBeUndefined();
});

test("while the store is away known keys go on for as long as they may, then nobody's word is taken", async () => {
  const { clock, store, told, open } = opened();
  const text = newKeyText();
  store.put(keyOf(text));
  await using live = await open();
  const found = live.find(text) as Found;
  store.isAway = true;
  await clock.advance(4_000);
  expect(told.slice(0, 2)).toEqual(["failing", "failing"]);
  expect([found.isCurrent?.(), nameOf(live.find(text) as Found)]).toEqual([true, text.slice(-8)]);
  await clock.advance(2_000);
  expect(found.isCurrent?.()).toBe(false);
  const refused = await Promise.resolve(live.find(text)).catch(faultFrom);
  expect(reasonOf(refused as never)).toBe("KEYS_UNAVAILABLE");
  store.isAway = false;
  await clock.advance(500);
  expect(told.at(-1)).toBe("working");
  expect(nameOf(live.find(text) as Found)).toBe(text.slice(-8));
});

test("a store that is away at the start is asked again until it is there", async () => {
  const { clock, store, open } = opened();
  const text = newKeyText();
  store.put(keyOf(text));
  store.isAway = true;
  await using live = await open();
  const refused = await Promise.resolve(live.find(text)).catch(faultFrom);
  expect(reasonOf(refused as never)).toBe("KEYS_UNAVAILABLE");
  store.isAway = false;
  await clock.advance(500);
  expect(nameOf(live.find(text) as Found)).toBe(text.slice(-8));
});
