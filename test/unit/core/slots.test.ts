import { expect, test } from "vitest";
import { Slots } from "#core/slots.ts";

const never = new AbortController().signal;

test("who comes when all slots are taken waits, and is served in order", async () => {
  const slots = new Slots(2);
  expect(slots.take(never)).toBeUndefined();
  expect(slots.take(never)).toBeUndefined();
  const served: string[] = [];
  const first = slots.take(never)?.then(() => served.push("first"));
  const second = slots.take(never)?.then(() => served.push("second"));
  slots.give();
  await first;
  expect(served).toEqual(["first"]);
  slots.give();
  await second;
  expect(served).toEqual(["first", "second"]);
});

test("a slot that is given back is free for who comes next", () => {
  const slots = new Slots(1);
  expect(slots.take(never)).toBeUndefined();
  slots.give();
  expect(slots.take(never)).toBeUndefined();
});

test("who gives up has the signal's reason, and takes no slot", async () => {
  const slots = new Slots(1);
  void slots.take(never);
  const leaving = new AbortController();
  const left = slots.take(leaving.signal);
  const staying = slots.take(never);
  const reason = new Error("the client left");
  leaving.abort(reason);
  await expect(left).rejects.toBe(reason);
  slots.give();
  await staying;
  const gone = AbortSignal.abort(reason);
  await expect(slots.take(gone)).rejects.toBe(reason);
});
