import { expect, test } from "vitest";
import { abortable } from "#core/abortable.ts";

const never = new Promise<never>(() => {});

test("what settles first wins: the work's value", async () => {
  await expect(abortable(Promise.resolve(7), new AbortController().signal)).resolves.toBe(7);
});

test("what settles first wins: the work's failure", async () => {
  const failed = Promise.reject(new Error("broken"));
  await expect(abortable(failed, new AbortController().signal)).rejects.toThrow("broken");
});

test("an abort rejects with the signal's own reason while the work goes on", async () => {
  const controller = new AbortController();
  const waiting = abortable(never, controller.signal);
  const reason = new Error("gone");
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test("a signal that has aborted wins even over finished work", async () => {
  const reason = new Error("gone");
  await expect(abortable(Promise.resolve(7), AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("work that fails after the abort troubles nobody", async () => {
  const late = Promise.withResolvers<never>();
  const waiting = abortable(late.promise, AbortSignal.abort(new Error("gone")));
  await expect(waiting).rejects.toThrow("gone");
  late.reject(new Error("late"));
  await new Promise((resolve) => setImmediate(resolve));
});

test("no listener is left on the signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  await abortable(Promise.resolve(1), signal);
  expect(listeners).toBe(0);
});
