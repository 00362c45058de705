/** Responses are kept in bounds, shared while they are under way, and never when they are not whole. */

import type { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Flight } from "#cache/flight.ts";
import { type Piece, type Source, sizeOf } from "#cache/piece.ts";
import { ResponseCache, type ResponseCacheOptions, type Wanted } from "#cache/response-cache.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const bounds: ResponseCacheOptions = {
  bytesMax: 100_000,
  entriesMax: 10,
  entryBytesMax: 10_000,
  ttlMs: 1_000,
};
const never = new AbortController().signal;
const pieceOf = (text: string): Piece => ({ message: Buffer.from(text) });

/** A source that is told what to say, and tells what becomes of it. */
class Script {
  opened = 0;
  aborted = 0;
  reason: unknown;
  readonly #texts: readonly string[];
  readonly #end: "whole" | "truncated" | Error;
  /** Each piece waits for it. */
  gate: () => Promise<void> = () => Promise.resolve();

  constructor(texts: readonly string[], end: "whole" | "truncated" | Error = "whole") {
    this.#texts = texts;
    this.#end = end;
  }

  readonly open = async function* (this: Script, signal: AbortSignal): Source {
    this.opened += 1;
    signal.addEventListener("abort", () => {
      this.aborted += 1;
      this.reason = signal.reason;
    });
    for (const text of this.#texts) {
      await this.gate();
      signal.throwIfAborted();
      yield pieceOf(text);
    }
    if (this.#end instanceof Error) throw this.#end;
    return this.#end === "whole";
  }.bind(this);
}

/** A cache some time after the start: for the library, time 0 means none. */
async function create(options: Partial<ResponseCacheOptions> = {}) {
  const clock = createManualClock();
  await clock.advance(1);
  const told: unknown[] = [];
  const cache = new ResponseCache(
    { ...bounds, ...options },
    { clock, onChange: (change) => told.push(change) },
  );
  const read = (script: Script, wanted: Partial<Wanted> = {}) =>
    cache.read({
      key: "k",
      model: "m",
      refresh: false,
      signal: never,
      open: script.open,
      ...wanted,
    });
  return { cache, clock, read, told };
}

async function textOf({ pieces }: { pieces: AsyncIterable<Piece> }): Promise<string> {
  let text = "";
  for await (const { message } of pieces) text += Buffer.from(message).toString();
  return text;
}

const reasonFrom = async (work: Promise<unknown>) =>
  reasonOf(
    faultFrom(
      await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    ),
  );

describe("what is kept", () => {
  test("an equal call gets the response of the first, in its pieces; another key, a new one", async () => {
    const { read } = await create();
    const script = new Script(["a", "b"]);
    const first = read(script);
    expect(first.result).toBe("miss");
    expect(await textOf(first)).toBe("ab");
    const second = read(script);
    expect(second.result).toBe("hit");
    const pieces: Piece[] = [];
    for await (const piece of second.pieces) pieces.push(piece);
    expect(pieces).toEqual([pieceOf("a"), pieceOf("b")]);
    const other = read(script, { key: "other" });
    expect(other.result).toBe("miss");
    expect(await textOf(other)).toBe("ab");
    expect(script.opened).toBe(2);
  });

  test("it is given to others for its time and no longer", async () => {
    const { read, clock } = await create();
    const script = new Script(["a"]);
    await textOf(read(script));
    await clock.advance(1_000);
    expect(read(script).result).toBe("hit");
    await clock.advance(1);
    expect(read(script).result).toBe("miss");
  });

  test("an error and a response that is not whole are not", async () => {
    const { read, cache } = await create();
    const failing = new Script(["a"], fault("BACKEND_FAILED", "no"));
    expect(await reasonFrom(textOf(read(failing)))).toBe("BACKEND_FAILED");
    expect(await textOf(read(new Script(["a"], "truncated")))).toBe("a");
    expect(cache.entries).toBe(0);
    expect(read(failing).result).toBe("miss");
  });

  test("a response that is longer than one may be is passed on whole, and not kept", async () => {
    const { read, cache } = await create({ entryBytesMax: 1_000 });
    const long = new Script(["x".repeat(500), "y".repeat(500), "z"]);
    expect(await textOf(read(long))).toBe(`${"x".repeat(500)}${"y".repeat(500)}z`);
    expect(cache.entries).toBe(0);
    expect(await textOf(read(new Script(["a".repeat(100)])))).toHaveLength(100);
    expect(cache.entries).toBe(1);
  });

  test("there are no more than may be, in number and in bytes: the one not asked for longest goes", async () => {
    const few = await create({ entriesMax: 2 });
    for (const key of ["1", "2"]) await textOf(few.read(new Script(["a"]), { key }));
    expect(few.read(new Script([]), { key: "1" }).result).toBe("hit");
    await textOf(few.read(new Script(["a"]), { key: "3" }));
    expect(few.cache.entries).toBe(2);
    expect(few.read(new Script([]), { key: "2" }).result).toBe("miss");
    expect(few.told.at(-1)).toMatchObject({ entries: 2, evicted: 1 });

    const small = await create({ bytesMax: 3_000, entryBytesMax: 2_000 });
    for (let key = 0; key < 20; key += 1) {
      await textOf(small.read(new Script(["x".repeat(1_000)]), { key: String(key) }));
      expect(small.cache.bytes).toBeLessThanOrEqual(3_000);
    }
    expect(small.cache.entries).toBe(2);
  });

  test("a call that wants a new one gets it, and so do those that come behind", async () => {
    const { read } = await create();
    await textOf(read(new Script(["old"])));
    const fresh = read(new Script(["new"]), { refresh: true });
    expect(fresh.result).toBe("miss");
    expect(await textOf(fresh)).toBe("new");
    expect(await textOf(read(new Script([])))).toBe("new");
  });

  test("a purge takes a model's, or all, and what is under way is not kept behind it", async () => {
    const { read, cache } = await create();
    await textOf(read(new Script(["a"]), { key: "1", model: "one" }));
    await textOf(read(new Script(["a"]), { key: "2", model: "two" }));
    const activeCalls = read(new Script(["a"]), { key: "3", model: "one" });
    expect(cache.purge("one")).toMatchObject({ entries: 1 });
    expect(await textOf(activeCalls)).toBe("a");
    expect(cache.entries).toBe(1);
    expect(cache.purge()).toMatchObject({ entries: 1 });
    expect(cache.bytes).toBe(0);
  });
});

describe("the bounds", () => {
  test("count a piece's message, its words, two bytes a character of its headers, and 256", () => {
    const message = Buffer.alloc(10);
    const words = { bytes: Buffer.alloc(20) };
    const headers = [["name", "value"] as const, ["a", "b"] as const];
    expect(sizeOf({ message })).toBe(266);
    expect(sizeOf({ message, words })).toBe(286);
    expect(sizeOf({ message, words, headers })).toBe(286 + 2 * 11);
  });

  test.each([
    [1_024, 1],
    [1_023, 0],
  ])("of %i bytes for one response: one of 1,024 is kept %i times", async (entryBytesMax, kept) => {
    const { read, cache } = await create({ entryBytesMax });
    await textOf(read(new Script(["x".repeat(256), "y".repeat(256)])));
    expect([cache.entries, cache.bytes]).toEqual([kept, kept * 1_024]);
  });

  test("are told of whenever what is kept has changed, with how many had to go since the last time", async () => {
    const { read, told, clock, cache } = await create({ entriesMax: 2 });
    const keep = (key: string, refresh = false) =>
      textOf(read(new Script(["a"]), { key, refresh }));
    for (const key of ["1", "2", "3"]) await keep(key);
    await keep("3", true);
    await clock.advance(1_001);
    read(new Script(["a"]), { key: "2" });
    cache.purge();
    expect(told).toEqual([
      { entries: 1, bytes: 257, evicted: 0 },
      { entries: 2, bytes: 514, evicted: 0 },
      { entries: 2, bytes: 514, evicted: 1 },
      { entries: 2, bytes: 514, evicted: 0 },
      { entries: 0, bytes: 0, evicted: 0 },
    ]);
  });
});

describe("a purge", () => {
  test("says what it let go, and touches nothing of other models", async () => {
    const { read, cache } = await create();
    await textOf(read(new Script(["a"]), { key: "1", model: "one" }));
    await textOf(read(new Script(["abc"]), { key: "2", model: "two" }));
    const activeCalls = read(new Script(["a"]), { key: "3", model: "two" });
    expect(cache.purge("one")).toEqual({ entries: 1, bytes: 257 });
    expect(read(new Script([]), { key: "3", model: "two" }).result).toBe("hit");
    await textOf(activeCalls);
    expect([cache.entries, cache.bytes]).toEqual([2, 259 + 257]);
    expect(cache.purge("one")).toEqual({ entries: 0, bytes: 0 });
  });

  test("takes what is past its time out of memory, too", async () => {
    const { read, cache, clock } = await create();
    await textOf(read(new Script(["a"]), { key: "1", model: "one" }));
    await clock.advance(1_001);
    await textOf(read(new Script(["a"]), { key: "2", model: "two" }));
    expect(cache.entries).toBe(2);
    expect(cache.purge("two")).toEqual({ entries: 1, bytes: 257 });
    expect([cache.entries, cache.bytes]).toEqual([0, 0]);
  });

  test("leaves whoever asks behind it a response of its own, which the old one does not disturb", async () => {
    const { read, cache } = await create();
    const [old, held] = [new Script(["old"]), Promise.withResolvers<void>()];
    old.gate = () => held.promise;
    const first = textOf(read(old));
    cache.purge();
    const fresh = new Script(["new"]);
    const second = read(fresh);
    expect(second.result).toBe("miss");
    held.resolve();
    expect(await first).toBe("old");
    expect(cache.entries).toBe(0);
    expect(read(fresh).result).toBe("hit");
    expect(await textOf(second)).toBe("new");
    expect([fresh.opened, cache.entries]).toEqual([1, 1]);
  });
});

test("a wish for a new response stands, though one is under way that ends later", async () => {
  const { read } = await create();
  const [old, held] = [new Script(["old"]), Promise.withResolvers<void>()];
  old.gate = () => held.promise;
  const first = textOf(read(old));
  expect(await textOf(read(new Script(["new"]), { refresh: true }))).toBe("new");
  held.resolve();
  expect(await first).toBe("old");
  expect(await textOf(read(new Script([])))).toBe("new");
});

test("a cache of which nobody is told works as well", async () => {
  const cache = new ResponseCache(bounds, { clock: createManualClock() });
  const { open } = new Script(["a"]);
  const wanted = { key: "k", model: "m", refresh: false, signal: never, open };
  expect(await textOf(cache.read(wanted))).toBe("a");
  expect(cache.purge()).toEqual({ entries: 1, bytes: 257 });
});

test.each([
  ["that is too long to be kept", ["x".repeat(500), "y".repeat(500), "z"], 0],
  ["that is kept", ["a", "b"], 1],
])("a response %s is closed once", async (_name, texts, wholes) => {
  const told = { closed: 0, whole: 0 };
  const flight = new Flight({
    open: new Script(texts).open,
    bytesMax: 1_000,
    onClosed: () => {
      told.closed += 1;
    },
    onWhole: () => {
      told.whole += 1;
    },
  });
  expect(await textOf({ pieces: flight.join(never) })).toBe(texts.join(""));
  expect(told).toEqual({ closed: 1, whole: wholes });
});

describe("what is under way", () => {
  test("equal calls ask once, and each reads all of it from the first piece", async () => {
    const { read } = await create();
    const script = new Script(["a", "b", "c"]);
    const first = read(script);
    expect((await first.pieces.next()).value).toEqual(pieceOf("a"));
    const others = [read(script), read(script)];
    expect(others.map(({ result }) => result)).toEqual(["hit", "hit"]);
    expect(await Promise.all(others.map(textOf))).toEqual(["abc", "abc"]);
    expect(await textOf(first)).toBe("bc");
    expect(script.opened).toBe(1);
  });

  test("the first to ask may leave: the others read on, and the response is kept", async () => {
    const { read } = await create();
    const script = new Script(["a", "b", "c"]);
    const leave = new AbortController();
    const first = read(script, { signal: leave.signal });
    await first.pieces.next();
    const other = read(script);
    await other.pieces.next();
    await first.pieces.return();
    expect(await textOf(other)).toBe("bc");
    expect(script.aborted).toBe(0);
    expect(read(script).result).toBe("hit");
  });

  test("a call that leaves while it waits is told so at once; the last to leave ends the source", async () => {
    const { read } = await create();
    const script = new Script(["a", "b"]);
    const held = Promise.withResolvers<void>();
    script.gate = () => held.promise;
    const one = new AbortController();
    const two = new AbortController();
    const reading = textOf(read(script, { signal: one.signal }));
    const other = textOf(read(script, { signal: two.signal }));
    one.abort(new DOMException("left", "AbortError"));
    await expect(reading).rejects.toThrow("left");
    expect(script.aborted).toBe(0);
    two.abort(new DOMException("left too", "AbortError"));
    await expect(other).rejects.toThrow("left too");
    expect(script.aborted).toBe(1);
    expect(script.reason).toMatchObject({
      name: "AbortError",
      message: "no one reads the response any more",
    });
    // Nobody joins what was left.
    expect(read(new Script(["new"])).result).toBe("miss");
    held.resolve();
  });

  test("a failure is everybody's, each with an error of its own", async () => {
    const { read } = await create();
    const script = new Script(["a"], fault("BACKEND_OVERLOADED", "no"));
    const thrown = await Promise.all(
      [read(script), read(script)].map((reading) =>
        textOf(reading).then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    );
    expect(thrown.map((error) => reasonOf(faultFrom(error)))).toEqual([
      "BACKEND_OVERLOADED",
      "BACKEND_OVERLOADED",
    ]);
    expect(thrown[0]).not.toBe(thrown[1]);
    expect(script.opened).toBe(1);
  });

  test("a reader that falls behind by more than the bound is let go; the others are not slowed", async () => {
    const { read } = await create({ entryBytesMax: 2_000 });
    const script = new Script(Array.from({ length: 50 }, () => "x".repeat(500)));
    const fast = read(script);
    const slow = read(script);
    await slow.pieces.next();
    expect(await textOf(fast)).toHaveLength(25_000);
    const thrown = await textOf(slow).catch(faultFrom);
    expect(thrown).toMatchObject({
      rawMessage: "the response that this call shares is read too slowly",
    });
    expect(reasonOf(thrown as ConnectError)).toBe("OVERLOADED");
  });

  test("a reader that is behind by no more than the bound reads all of it, however long that is", async () => {
    const { read } = await create({ entryBytesMax: 2_000 });
    // With what each takes beside its bytes, two of them are the bound.
    const script = new Script(Array.from({ length: 50 }, () => "x".repeat(744)));
    const [ahead, behind] = [read(script), read(script)];
    await ahead.pieces.next();
    let pieces = 1;
    for await (const _ of ahead.pieces) {
      pieces += 1;
      expect((await behind.pieces.next()).done).toBe(false);
    }
    expect([pieces, await textOf(behind)]).toEqual([50, "x".repeat(744)]);
  });

  test("a reader that keeps up reads all of it, were each piece larger than the bound", async () => {
    const { read } = await create({ entryBytesMax: 100 });
    const script = new Script(["a", "b", "c"].map((letter) => letter.repeat(500)));
    const [one, other] = [read(script), read(script)];
    for (const letter of ["a", "b", "c"]) {
      for (const { pieces } of [one, other]) {
        expect((await pieces.next()).value).toEqual(pieceOf(letter.repeat(500)));
      }
    }
    expect([(await one.pieces.next()).done, (await other.pieces.next()).done]).toEqual([
      true,
      true,
    ]);
    expect(script.opened).toBe(1);
  });

  test("a source that waits to be asked is closed when its last reader leaves", async () => {
    const { cache } = await create();
    let isClosed = false;
    const open = async function* (): Source {
      try {
        yield pieceOf("a");
        yield pieceOf("b");
        return true;
      } finally {
        isClosed = true;
      }
    };
    const wanted = { key: "k", model: "m", refresh: false, signal: never, open };
    const { pieces } = cache.read(wanted);
    await pieces.next();
    await pieces.return();
    await new Promise((resolve) => setImmediate(resolve));
    expect([isClosed, cache.entries]).toEqual([true, 0]);
    expect(cache.read(wanted).result).toBe("miss");
  });

  test("nobody joins a response that is too long to be told from its beginning", async () => {
    const { read } = await create({ entryBytesMax: 1_000 });
    const script = new Script(["x".repeat(600), "y".repeat(600), "z"]);
    const first = read(script);
    await first.pieces.next();
    await first.pieces.next();
    const second = read(script);
    expect(second.result).toBe("miss");
    expect(await textOf(first)).toBe("z");
    expect(await textOf(second)).toHaveLength(1_201);
  });
});
