/** Uploads: kept for as long as was said, within bounds, and gone without a trace else. */

import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { openAnonymous, readAll, writeAll } from "#uploads/anonymous-file.ts";
import type { Amount } from "#uploads/quota.ts";
import { type UploadDeps, UploadStore, type UploadTerms } from "#uploads/store.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { openUploads } from "../../support/open-uploads.ts";

const text = Buffer.from("a line of text\n");
const limits: UploadTerms["limits"] = {
  all: { files: 4, bytes: 100 },
  perOwner: { files: 3, bytes: 60 },
};

function storeWith(terms: Partial<UploadTerms> = {}, more: Omit<UploadDeps, "clock"> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "polygate-uploads-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const clock = createManualClock();
  const store = new UploadStore(
    { folder, retentionMs: 60_000, limits, ...terms },
    { clock, ...more },
  );
  return { store, clock, folder, mine: () => openUploads().filter((at) => at.startsWith(folder)) };
}

async function kept(store: UploadStore, owner: string, bytes: Uint8Array = text) {
  await using incoming = await store.begin(owner);
  await incoming.write(bytes);
  return await incoming.keep();
}

async function failureOf(work: Promise<unknown>) {
  const error = faultFrom(
    await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    ),
  );
  return {
    reason: reasonOf(error),
    setting: infoMetadataOf(error).setting,
    retryAfterMs: retryAfterMsFrom(error),
    message: error.rawMessage,
  };
}

describe("lifetimes", () => {
  test("an upload is there until its time is up, and its file is closed then", async () => {
    const { store, clock, mine } = storeWith();
    await using _store = store;
    const { id, expiresAtMs } = await kept(store, "one");
    expect(expiresAtMs).toBe(clock.wallMs() + 60_000);
    await clock.advance(59_999);
    expect((await store.find("one", id)?.read())?.toString()).toBe(text.toString());
    expect(mine()).toHaveLength(1);
    await clock.advance(1);
    expect(store.find("one", id)).toBeUndefined();
    await expect.poll(() => store.taken).toEqual({ files: 0, bytes: 0 });
    expect(mine()).toEqual([]);
  });

  test("each has its own time, whoever came first", async () => {
    const { store, clock } = storeWith();
    await using _store = store;
    const first = await kept(store, "one");
    await clock.advance(30_000);
    const second = await kept(store, "one");
    await clock.advance(30_000);
    expect(store.find("one", first.id)).toBeUndefined();
    expect(store.find("one", second.id)?.id).toBe(second.id);
    await clock.advance(30_000);
    expect(store.find("one", second.id)).toBeUndefined();
  });

  test("one that expires while it is read is read whole, and takes room until then", async () => {
    const gate = Promise.withResolvers<void>();
    const { store, clock } = storeWith(
      {},
      {
        async open(folder) {
          const file = await openAnonymous(folder);
          const read = file.read.bind(file) as (...args: unknown[]) => Promise<unknown>;
          file.read = (async (...args: unknown[]) => {
            await gate.promise;
            return await read(...args);
          }) as never;
          return file;
        },
      },
    );
    await using _store = store;
    const { id } = await kept(store, "one");
    const reading = store.find("one", id)?.read();
    await clock.advance(60_000);
    expect(store.find("one", id)).toBeUndefined();
    expect(store.taken).toEqual({ files: 1, bytes: text.length });
    gate.resolve();
    expect((await reading)?.toString()).toBe(text.toString());
    await expect.poll(() => store.taken).toEqual({ files: 0, bytes: 0 });
  });

  test("one that expires between being found and being read is gone, and gives its room back once", async () => {
    const { store, clock } = storeWith();
    await using _store = store;
    const { id } = await kept(store, "one");
    const found = store.find("one", id);
    await clock.advance(60_000);
    await expect.poll(() => store.taken).toEqual({ files: 0, bytes: 0 });
    expect(await found?.read()).toBeUndefined();
    expect(store.taken).toEqual({ files: 0, bytes: 0 });
  });

  test("with the store all files are closed", async () => {
    const { store, folder, mine } = storeWith();
    await kept(store, "one");
    await kept(store, "two");
    expect(mine()).toHaveLength(2);
    expect(readdirSync(folder)).toEqual([]);
    await store[Symbol.asyncDispose]();
    expect(mine()).toEqual([]);
  });
});

describe("what is told of a file", () => {
  test("is its size, the digest of its bytes, and the type that they show", async () => {
    const { store } = storeWith();
    await using _store = store;
    await using incoming = await store.begin("one");
    await incoming.write(text.subarray(0, 3));
    await incoming.write(text.subarray(3));
    const told = await incoming.keep();
    expect(told).toMatchObject({
      size: text.length,
      sha256: createHash("sha256").update(text).digest("hex"),
      contentType: "text/plain",
    });
    expect(store.find("one", told.id)).toMatchObject(told);
  });

  test.each([
    ["an empty file", [], "REQUEST_INVALID", "the file is empty"],
    ["bytes of no known type", [0, 255, 0, 254], "MEDIA_TYPE_UNSUPPORTED", "of no known type"],
  ])("%s is refused, and leaves nothing behind", async (_, bytes, reason, words) => {
    const { store, mine } = storeWith();
    await using _store = store;
    const failure = await failureOf(kept(store, "one", Buffer.from(bytes)));
    expect(failure).toMatchObject({ reason, message: expect.stringContaining(words) });
    expect([store.taken, mine()]).toEqual([{ files: 0, bytes: 0 }, []]);
  });

  test("is said whenever what is taken changes", async () => {
    const told: Amount[] = [];
    const { store } = storeWith({}, { onChange: (taken) => told.push({ ...taken }) });
    await kept(store, "one");
    await store[Symbol.asyncDispose]();
    expect(told).toEqual([
      { files: 1, bytes: 0 },
      { files: 1, bytes: text.length },
      { files: 0, bytes: 0 },
    ]);
  });
});

describe("a store that is closed", () => {
  test("keeps nothing more: what was coming is refused and gone", async () => {
    const { store, mine } = storeWith();
    const incoming = await store.begin("one");
    await incoming.write(text);
    await store[Symbol.asyncDispose]();
    const failure = await failureOf(incoming.keep());
    expect(failure).toMatchObject({
      reason: "SHUTTING_DOWN",
      message: "the server is shutting down",
    });
    await incoming[Symbol.asyncDispose]();
    expect([store.taken, mine()]).toEqual([{ files: 0, bytes: 0 }, []]);
  });

  test("wakes for nothing", async () => {
    const { store, clock } = storeWith();
    await kept(store, "one");
    expect(clock.sleeping()).toBe(1);
    await store[Symbol.asyncDispose]();
    await clock.advance(0);
    expect(clock.sleeping()).toBe(0);
  });
});

describe("owners", () => {
  test("another one finds nothing, and neither does a part of an id", async () => {
    const { store } = storeWith();
    await using _store = store;
    const { id } = await kept(store, "one");
    expect(store.find("two", id)).toBeUndefined();
    expect(store.find("one", id.slice(0, -1))).toBeUndefined();
    expect(store.find("one", "__proto__")).toBeUndefined();
    expect(store.find("one", id)?.id).toBe(id);
  });
});

describe("bounds", () => {
  test("an owner's files are counted, and there is room again when one expires", async () => {
    const { store, clock } = storeWith();
    await using _store = store;
    await kept(store, "one");
    await clock.advance(10_000);
    await kept(store, "one");
    await kept(store, "one");
    expect(await failureOf(kept(store, "one"))).toEqual({
      reason: "UPLOADS_LIMITED",
      setting: "uploads.max_files_per_key",
      retryAfterMs: 50_000,
      message: "your uploads may have 3 files in all (uploads.max_files_per_key)",
    });
    await kept(store, "two");
    await clock.advance(50_000);
    await expect.poll(() => store.taken.files).toBe(3);
    await kept(store, "one");
  });

  test("an owner's bytes are counted while they come: what is too much leaves nothing behind", async () => {
    const { store, mine } = storeWith();
    await using _store = store;
    const failing = async () => {
      await using incoming = await store.begin("one");
      await incoming.write(Buffer.alloc(60, "x"));
      await incoming.write(Buffer.from("x"));
    };
    expect(await failureOf(failing())).toMatchObject({
      reason: "UPLOADS_LIMITED",
      setting: "uploads.max_size_per_key",
    });
    expect(store.taken).toEqual({ files: 0, bytes: 0 });
    expect(mine()).toEqual([]);
    expect(await kept(store, "one", Buffer.alloc(60, "x"))).toMatchObject({ size: 60 });
  });

  test("all owners share one bound of files and one of bytes", async () => {
    const { store } = storeWith();
    await using _store = store;
    await kept(store, "one", Buffer.alloc(50, "x"));
    expect(await failureOf(kept(store, "two", Buffer.alloc(51, "x")))).toMatchObject({
      reason: "UPLOADS_FULL",
      setting: "uploads.max_size",
    });
    for (const owner of ["two", "three", "four"]) await kept(store, owner);
    expect(await failureOf(kept(store, "five"))).toMatchObject({
      reason: "UPLOADS_FULL",
      setting: "uploads.max_files",
    });
  });

  test("those that are still coming count", async () => {
    const { store } = storeWith();
    await using _store = store;
    const coming = await Promise.all([1, 2, 3].map(() => store.begin("one")));
    expect((await failureOf(store.begin("one"))).reason).toBe("UPLOADS_LIMITED");
    for (const one of coming) await one[Symbol.asyncDispose]();
    expect(store.taken).toEqual({ files: 0, bytes: 0 });
  });
});

describe("the disk", () => {
  const failing = (code: string) => async (folder: string) => {
    const file = await openAnonymous(folder);
    file.write = (async () => {
      throw Object.assign(new Error(`${code}: write '${folder}/secret'`), { code });
    }) as never;
    return file;
  };

  test.each([
    ["ENOSPC", "UPLOADS_FULL", "the gateway has no room left for uploads"],
    ["EDQUOT", "UPLOADS_FULL", "the gateway has no room left for uploads"],
    ["EFBIG", "UPLOADS_FULL", "the gateway has no room left for uploads"],
    ["EMFILE", "UPLOADS_FULL", "the gateway has no room left for uploads"],
    ["ENFILE", "UPLOADS_FULL", "the gateway has no room left for uploads"],
    ["EIO", "INTERNAL", "the upload could not be kept"],
  ])("%s is told without a path, and leaves nothing behind", async (code, reason, message) => {
    const { store, mine } = storeWith({}, { open: failing(code) });
    await using _store = store;
    expect(await failureOf(kept(store, "one"))).toMatchObject({ reason, message });
    expect(store.taken).toEqual({ files: 0, bytes: 0 });
    expect(mine()).toEqual([]);
  });

  test("a folder that is not there takes no place", async () => {
    const { store } = storeWith({ folder: "/no/such/folder" });
    await using _store = store;
    expect(await failureOf(kept(store, "one"))).toMatchObject({ reason: "INTERNAL" });
    expect(store.taken).toEqual({ files: 0, bytes: 0 });
  });

  test("that takes and gives bytes one at a time has all of them in the end", async () => {
    const { folder } = storeWith();
    await using file = await openAnonymous(folder);
    const [write, read] = [file.write.bind(file), file.read.bind(file)] as [
      (...args: unknown[]) => Promise<unknown>,
      (...args: unknown[]) => Promise<unknown>,
    ];
    file.write = ((bytes: unknown, from: number, _: number, at: number) =>
      write(bytes, from, 1, at)) as never;
    file.read = ((bytes: unknown, to: number, _: number, at: number) =>
      read(bytes, to, 1, at)) as never;
    await writeAll(file, Buffer.from("abc"), 0);
    await writeAll(file, Buffer.from("de"), 3);
    expect((await readAll(file, 5)).toString()).toBe("abcde");
    await expect(readAll(file, 6)).rejects.toThrow("shorter than it was");
  });
});
