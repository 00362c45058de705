/** Builds the portal's pages where they are missing or older than their sources. */

import { execFile } from "node:child_process";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** What the pages are made of, from the root of the repository; the lock names the libraries. */
const sources = ["web/portal", "gen", "package-lock.json"];
const vite = "node_modules/vite/bin/vite.js";

/** When a file, or anything in a folder, was last changed; a folder changes with what is added and removed. */
function changedMs(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => changedMs(join(path, name))));
}

/** Whether the pages in `dist/portal` beneath `root` are missing, or older than what they are made of. */
function isStale(root: string): boolean {
  const builtMs = changedMs(join(root, "dist/portal/index.html"));
  return sources.some((source) => changedMs(join(root, source)) > builtMs);
}

/** Puts a folder in the place of another. Another process may have done so just now: then its folder stays. */
async function replaceFolder(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  try {
    await rename(from, to);
  } catch (thrown) {
    const { code = "" } = thrown as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw thrown;
  }
}

/** Builds the pages of `root`, aside first: a build that is broken off leaves what was there. */
async function build(root: string): Promise<void> {
  const begun = new Date();
  await mkdir(join(root, "dist"), { recursive: true });
  const aside = await mkdtemp(join(root, "dist/portal-"));
  try {
    const flags = ["build", "-c", join(root, "web/portal/vite.config.ts"), "--outDir", aside];
    const env = { ...process.env, NODE_ENV: "production" };
    await promisify(execFile)(process.execPath, [join(root, vite), ...flags], { cwd: root, env });
    // What is changed from here on is newer.
    await utimes(join(aside, "index.html"), begun, begun);
    await replaceFolder(aside, join(root, "dist/portal"));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** Builds the pages of `root` where that is due; `say` gets one line of what happens. Never rejects. */
export async function buildWhenStale(root: string, say: (line: string) => void): Promise<void> {
  if (!isStale(root)) return;
  if (!existsSync(join(root, vite))) {
    say("the portal's pages are not up to date: `npm ci` installs what builds them");
    return;
  }
  say("building the portal's pages: some seconds, the first time and after changes");
  try {
    await build(root);
  } catch {
    say("the portal's pages could not be built: `npm run build:portal` shows why");
  }
}
