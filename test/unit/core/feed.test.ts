/** Whoever watches gets what is published, in bounds, and costs nothing when gone. */

import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { Feed } from "#core/feed.ts";

const all = () => true;
const signal = () => new AbortController().signal;

test("the first message says that the watch is on; what is published from then on follows", async () => {
  const feed = new Feed<number>();
  const watch = feed.watch(all, signal());
  feed.publish(0);
  expect((await watch.next()).value).toEqual({ missed: 0 });
  feed.publish(1);
  feed.publish(2);
  expect((await watch.next()).value).toEqual({ item: 1, missed: 0 });
  expect((await watch.next()).value).toEqual({ item: 2, missed: 0 });
  const next = watch.next();
  feed.publish(3);
  expect((await next).value).toEqual({ item: 3, missed: 0 });
});

test("a slow watcher keeps the newest, and is told how many it missed; a fast one misses none", async () => {
  const feed = new Feed<number>(3);
  const [slow, fast] = [feed.watch(all, signal()), feed.watch(all, signal())];
  await slow.next();
  await fast.next();
  const seen: unknown[] = [];
  for (let item = 0; item < 10; item += 1) {
    feed.publish(item);
    seen.push((await fast.next()).value);
  }
  expect(seen).toEqual(Array.from({ length: 10 }, (_, item) => ({ item, missed: 0 })));
  expect((await slow.next()).value).toEqual({ item: 7, missed: 7 });
  expect((await slow.next()).value).toEqual({ item: 8, missed: 0 });
});

test("what is not wanted takes no place", async () => {
  const feed = new Feed<number>(2);
  const watch = feed.watch((item) => item % 100 === 0, signal());
  await watch.next();
  for (let item = 1; item <= 200; item += 1) feed.publish(item);
  expect((await watch.next()).value).toEqual({ item: 100, missed: 0 });
  expect((await watch.next()).value).toEqual({ item: 200, missed: 0 });
});

test("a watcher that leaves, or whose signal aborts while it waits, is forgotten", async () => {
  const feed = new Feed<number>();
  const leaving = new AbortController();
  const [one, other] = [feed.watch(all, leaving.signal), feed.watch(all, signal())];
  await one.next();
  await other.next();
  expect(feed.isWatched).toBe(true);
  const waiting = one.next();
  leaving.abort();
  expect((await waiting).done).toBe(true);
  await other.return();
  expect(feed.isWatched).toBe(false);
});

test("a watcher that leaves listens to its signal no longer", async () => {
  const feed = new Feed<number>();
  const { signal } = new AbortController();
  const watch = feed.watch(all, signal);
  await watch.next();
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  await watch.return();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
