import { expect, test } from "vitest";
import { abortFollowed, followedController } from "#core/followed-signal.ts";
import { onAbort } from "#core/on-abort.ts";

test("an abort to come is told once, with its reason", () => {
  const told: unknown[] = [];
  const controller = new AbortController();
  onAbort(controller.signal, (reason) => told.push(reason));
  expect(told).toEqual([]);
  controller.abort("first");
  controller.abort("second");
  expect(told).toEqual(["first"]);
});

test("an abort that is past is told at once", () => {
  const told: unknown[] = [];
  onAbort(AbortSignal.abort("gone"), (reason) => told.push(reason))();
  expect(told).toEqual(["gone"]);
});

test("who does not want to hear of it any more does not", () => {
  const told: unknown[] = [];
  const controller = new AbortController();
  onAbort(controller.signal, (reason) => told.push(reason))();
  controller.abort("gone");
  expect(told).toEqual([]);
});

test("two may hear of one signal, though it has room for one follower alone", () => {
  const told: unknown[] = [];
  const controller = followedController();
  const leave = onAbort(controller.signal, () => told.push("first"));
  onAbort(controller.signal, () => told.push("second"));
  leave();
  onAbort(controller.signal, () => told.push("third"));
  abortFollowed(controller, "gone");
  expect(new Set(told)).toEqual(new Set(["second", "third"]));
});
