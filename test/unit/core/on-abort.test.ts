import { expect, test } from "vitest";
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
