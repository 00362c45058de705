/** A signal that is followed without an event listener. */

import { expect, test } from "vitest";
import { abortFollowed, follow, followedController, unfollow } from "#core/followed-signal.ts";

function follower() {
  return {
    times: 0,
    aborted() {
      this.times += 1;
    },
  };
}

test("its follower is notified once, when the signal has aborted for its listeners", () => {
  const controller = followedController();
  const { signal } = controller;
  const seen: unknown[] = [];
  signal.addEventListener("abort", () => seen.push(signal.reason));
  expect(follow(signal, { aborted: () => seen.push(signal.aborted) })).toBe(true);
  abortFollowed(controller, "gone");
  abortFollowed(controller, "again");
  expect(seen).toEqual(["gone", true]);
});

test("who has left is not notified, and makes room for another", () => {
  const controller = followedController();
  const [first, second] = [follower(), follower()];
  expect(follow(controller.signal, first)).toBe(true);
  expect(follow(controller.signal, second)).toBe(false);
  unfollow(controller.signal, second);
  unfollow(controller.signal, first);
  expect(follow(controller.signal, second)).toBe(true);
  abortFollowed(controller, "gone");
  expect([first.times, second.times]).toEqual([0, 1]);
});

test("any other signal has to be listened to", () => {
  expect(follow(new AbortController().signal, follower())).toBe(false);
  expect(follow(AbortSignal.timeout(1_000), follower())).toBe(false);
});
