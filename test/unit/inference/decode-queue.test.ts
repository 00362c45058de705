import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { createDecodeQueue } from "#inference/decode-queue.ts";
import { eventLoopTurn, refusal } from "../../support/predict.ts";

/** A queue, and decodings by name that end when a test says so. */
function queueOf(runningMax: number, waitingMax: number) {
  const queue = createDecodeQueue({ runningMax, waitingMax, bytesMax: 100 });
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const decode = (name: string, signal = new AbortController().signal) =>
    queue.run(async (claim) => {
      // Names that are numbers are the bytes that the image needs.
      if (Number(name) > 0) await claim(Number(name));
      begun.push(name);
      const end = Promise.withResolvers<string>();
      ends.set(name, end);
      return end.promise;
    }, signal);
  const end = async (name: string) => {
    ends.get(name)?.resolve(`${name} decoded`);
    await eventLoopTurn();
  };
  const fail = async (name: string) => {
    ends.get(name)?.reject(new Error(`${name} is damaged`));
    await eventLoopTurn();
  };
  return { begun, decode, end, fail };
}

describe("places", () => {
  test("no more images are decoded at once than may be; the others follow in order", async () => {
    const { begun, decode, end } = queueOf(2, 10);
    const all = Promise.all(["a", "b", "c", "d"].map((name) => decode(name)));
    await eventLoopTurn();
    expect(begun).toEqual(["a", "b"]);
    await end("b");
    expect(begun).toEqual(["a", "b", "c"]);
    await end("a");
    await end("c");
    await end("d");
    expect(await all).toEqual(["a decoded", "b decoded", "c decoded", "d decoded"]);
  });

  test("a damaged image frees its place, too", async () => {
    const { decode, end, fail } = queueOf(1, 10);
    const damaged = expect(decode("a")).rejects.toThrow("a is damaged");
    const next = decode("b");
    await eventLoopTurn();
    await fail("a");
    await damaged;
    await end("b");
    expect(await next).toBe("b decoded");
  });

  test("what finds the queue full is refused with the limit, and the next is not", async () => {
    const { decode, end } = queueOf(1, 1);
    const first = decode("a");
    const second = decode("b");
    await eventLoopTurn();
    expect(await refusal(decode("c"))).toMatchObject({
      reason: "OVERLOADED",
      message: "1 images wait to be decoded, which is the limit",
    });
    await end("a");
    const third = decode("d");
    await end("b");
    await end("d");
    expect(await Promise.all([first, second, third])).toHaveLength(3);
  });
});

describe("callers who leave", () => {
  test("before it begins: their image is never decoded, and waits no longer", async () => {
    const { begun, decode, end } = queueOf(1, 1);
    const first = decode("a");
    const leaving = new AbortController();
    const left = expect(decode("b", leaving.signal)).rejects.toThrow("left");
    const goneBefore = AbortSignal.abort(new Error("gone"));
    await expect(decode("c", goneBefore)).rejects.toThrow("gone");
    leaving.abort(new Error("left"));
    await left;
    const last = decode("d");
    await end("a");
    await end("d");
    expect(await Promise.all([first, last])).toEqual(["a decoded", "d decoded"]);
    expect(begun).toEqual(["a", "d"]);
  });

  test("while it is decoded: they are answered at once, and the place is taken to the end", async () => {
    const { begun, decode, end } = queueOf(1, 1);
    const leaving = new AbortController();
    const left = expect(decode("a", leaving.signal)).rejects.toThrow("left");
    const next = decode("b");
    await eventLoopTurn();
    leaving.abort(new Error("left"));
    await left;
    expect(begun).toEqual(["a"]);
    await end("a");
    await end("b");
    expect(await next).toBe("b decoded");
  });

  test("in the moment in which a place falls to them: it is not lost", async () => {
    const { decode, end } = queueOf(1, 2);
    const first = decode("a");
    const leaving = new AbortController();
    const left = decode("b", leaving.signal).catch(() => "left");
    const last = decode("c");
    await eventLoopTurn();
    void first.then(() => leaving.abort(new Error("left")));
    await end("a");
    await end("b");
    await end("c");
    await left;
    expect(await last).toBe("c decoded");
  });
});

test("nothing stays on the signal of whoever waited for a place", async () => {
  const { decode, end, fail } = queueOf(1, 10);
  const { signal } = new AbortController();
  const all = Promise.allSettled(["a", "b", "c"].map((name) => decode(name, signal)));
  await eventLoopTurn();
  expect(getEventListeners(signal, "abort").length).toBe(3);
  await end("a");
  await fail("b");
  await end("c");
  await all;
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

describe("memory", () => {
  test("two images are decoded at once where there is memory for both, in order", async () => {
    const { begun, decode, end } = queueOf(2, 10);
    const all = Promise.all(["60", "40", "70", "50"].map((bytes) => decode(bytes)));
    await eventLoopTurn();
    expect(begun).toEqual(["60", "40"]);
    await end("40");
    expect(begun).toEqual(["60", "40"]);
    await end("60");
    expect(begun).toEqual(["60", "40", "70"]);
    await end("70");
    expect(begun).toEqual(["60", "40", "70", "50"]);
    await end("50");
    expect(await all).toHaveLength(4);
  });

  test("an image that needs more than all of it is decoded alone", async () => {
    const { begun, decode, end } = queueOf(2, 10);
    const all = Promise.all(["1", "500", "2"].map((bytes) => decode(bytes)));
    await eventLoopTurn();
    expect(begun).toEqual(["1"]);
    await end("1");
    expect(begun).toEqual(["1", "500"]);
    await end("500");
    await end("2");
    expect(await all).toHaveLength(3);
  });

  test("one that fails gives it back, and one that leaves while it waits takes none", async () => {
    const { begun, decode, end, fail } = queueOf(2, 10);
    const leaving = new AbortController();
    const damaged = expect(decode("100")).rejects.toThrow("100 is damaged");
    const left = expect(decode("90", leaving.signal)).rejects.toThrow("left");
    const last = decode("80");
    await eventLoopTurn();
    leaving.abort(new Error("left"));
    await left;
    await fail("100");
    await damaged;
    expect(begun).toEqual(["100", "80"]);
    await end("80");
    expect(await last).toBe("80 decoded");
  });
});
