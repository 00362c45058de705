/** A file's change shows wherever a name on the way to it comes to mean something else. */

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { FileWatch } from "#reload/file-watch.ts";
import { watchedPlaces } from "#reload/watched-places.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("the file, and each link on the way to it, are watched where they are", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  await folder.write("..2026/a.yaml", "");
  symlinkSync("..2026", at("..data"));
  symlinkSync("..data/a.yaml", at("a.yaml"));
  expect(watchedPlaces(at("a.yaml"))).toEqual([
    { folder: folder.path, name: "a.yaml" },
    { folder: folder.path, name: "..data" },
    { folder: at("..2026"), name: "a.yaml" },
  ]);
  expect(watchedPlaces(at("b/c/d.yaml"))).toEqual([{ folder: folder.path, name: "b" }]);
});

test("links that lead to each other end", async () => {
  await using folder = await temporaryFolder();
  symlinkSync("b", join(folder.path, "a"));
  symlinkSync("a", join(folder.path, "b"));
  expect(watchedPlaces(join(folder.path, "a")).length).toBeLessThan(50);
});

/** A watch over one file, and how often it was told. */
async function watching(file: string) {
  const folder = await temporaryFolder();
  const path = await folder.write(file, "1");
  let told = 0;
  const failures: string[] = [];
  const watch = new FileWatch({
    clock: systemClock,
    onChange: () => {
      told += 1;
      watch.follow([path], Date.now());
    },
    onFailure: (where) => failures.push(where),
  });
  // Nothing that was there before counts.
  watch.follow([path], Date.now() + 10_000);
  return {
    ...{ path, folder, watch, failures },
    told: () => told,
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("in place, by a rename, once it was gone, in a folder that was made anew: each is told", async () => {
  await using one = await watching("deep/a.yaml");
  const changes: (() => void)[] = [
    () => writeFileSync(one.path, "2"),
    () => {
      writeFileSync(`${one.path}.new`, "3");
      renameSync(`${one.path}.new`, one.path);
    },
    () => rmSync(one.path),
    () => writeFileSync(one.path, "4"),
    () => rmSync(join(one.folder.path, "deep"), { recursive: true }),
    () => mkdirSync(join(one.folder.path, "deep")),
    () => writeFileSync(one.path, "5"),
  ];
  for (const change of changes) {
    const before = one.told();
    change();
    await expect.poll(one.told, { timeout: 5_000 }).toBeGreaterThan(before);
  }
  expect(one.failures).toEqual([]);
});

test("many writes without a pause are told once", async () => {
  await using one = await watching("a.yaml");
  for (let count = 0; count < 50; count += 1) writeFileSync(one.path, String(count));
  await expect.poll(one.told).toBe(1);
});

test("a change between the reading and the watch is told", async () => {
  await using one = await watching("a.yaml");
  one.watch.follow([one.path], Date.now() - 60_000);
  await expect.poll(one.told).toBe(1);
});

test("more folders than may be watched are told, and the others are watched", async () => {
  await using folder = await temporaryFolder();
  const files = await Promise.all(
    Array.from({ length: 258 }, (_, index) => folder.write(`${index}/a.yaml`, "")),
  );
  const failures: string[] = [];
  const told = Promise.withResolvers<void>();
  using watch = new FileWatch({
    clock: systemClock,
    onChange: told.resolve,
    onFailure: (where) => failures.push(where),
  });
  watch.follow(files, Date.now() + 10_000);
  expect(failures).toEqual([join(folder.path, "256"), join(folder.path, "257")]);
  writeFileSync(join(folder.path, "255", "a.yaml"), "1");
  await told.promise;
});
