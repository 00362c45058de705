/** When a clone's start builds the portal's pages, and what comes of a build that fails. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { buildWhenStale } from "../../../web/portal/build-when-stale.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

/** In the place of the builder: it writes what the source says, or fails where it says so. */
const builder = `
const { mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const text = readFileSync("web/portal/main.tsx", "utf8");
const folder = process.argv[process.argv.indexOf("--outDir") + 1];
mkdirSync(folder, { recursive: true });
writeFileSync(folder + "/index.html", text);
if (text.includes("broken")) process.exit(1);
`;

let clone: TemporaryFolder;
beforeEach(async () => {
  clone = await temporaryFolder();
  await clone.write("node_modules/vite/bin/vite.js", builder);
  for (const path of ["web/portal/main.tsx", "web/portal/parts/tile.tsx", "gen/a.js"]) {
    await clone.write(path, "first");
  }
  await clone.write("package-lock.json", "{}");
  await setTime(-3600);
  return () => clone[Symbol.asyncDispose]();
});

/** Has all sources be changed so many seconds from now. */
async function setTime(seconds: number, paths = ["web", "gen", "package-lock.json"]) {
  const time = new Date(Date.now() + seconds * 1000);
  for (const path of paths) {
    const at = join(clone.path, path);
    await utimes(at, time, time);
    const isFolder = !/\.\w+$/.test(path);
    if (isFolder)
      await setTime(
        seconds,
        readdirSync(at).map((name) => join(path, name)),
      );
  }
}

async function start(): Promise<readonly string[]> {
  const lines: string[] = [];
  await buildWhenStale(clone.path, (line) => lines.push(line));
  return lines;
}

const page = () => readFileSync(join(clone.path, "dist/portal/index.html"), "utf8");
const building = [expect.stringContaining("building the portal's pages")];

test("pages that are missing are built and told of in one line; the next start has nothing to do", async () => {
  expect(await start()).toEqual(building);
  expect(page()).toBe("first");
  expect(await start()).toEqual([]);
  expect(readdirSync(join(clone.path, "dist"))).toEqual(["portal"]);
});

test.each(["web/portal/parts/tile.tsx", "gen/a.js", "package-lock.json"])(
  "they are built again once %s is newer",
  async (path) => {
    await start();
    await setTime(60, [path]);
    expect(await start()).toEqual(building);
  },
);

test("a source that was removed makes them old, too", async () => {
  await start();
  await setTime(-60, ["dist/portal/index.html"]);
  expect(await start()).toEqual([]);
  await rm(join(clone.path, "web/portal/parts/tile.tsx"));
  expect(await start()).toEqual(building);
});

test("a build that fails is told with what shows why, and leaves the pages that were there", async () => {
  await start();
  await clone.write("web/portal/main.tsx", "broken");
  await setTime(60, ["web/portal/main.tsx"]);
  expect(await start()).toEqual([
    ...building,
    "the portal's pages could not be built: `npm run build:portal` shows why",
  ]);
  expect(page()).toBe("first");
  expect(readdirSync(join(clone.path, "dist"))).toEqual(["portal"]);
});

test("several starts at once leave one whole build", async () => {
  const told = await Promise.all([start(), start(), start()]);
  expect(told.flat()).toHaveLength(3);
  expect(page()).toBe("first");
});

test("where nothing is installed that builds them, the gateway starts without", async () => {
  await rm(join(clone.path, "node_modules"), { recursive: true });
  expect(await start()).toEqual([expect.stringContaining("`npm ci` installs what builds them")]);
  expect(existsSync(join(clone.path, "dist"))).toBe(false);
});
