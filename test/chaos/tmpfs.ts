/** A disk of one megabyte that a scenario fills: tmpfs, which only root can mount. */

import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { Skipped } from "./scenario.ts";

/** A mounted disk. Disposing of it unmounts it. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes all the space that is left. */
  fill(): void;
  /** Gives it back. */
  free(): void;
}

function run(command: string, ...args: string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** Mounts one of so many kilobytes. Throws Skipped where that is not allowed. */
export async function mountDisk(kilobytes: number): Promise<SmallDisk> {
  await using opening = new AsyncDisposableStack();
  const { path } = opening.use(await temporaryFolder());
  const refused = run("mount", "-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", path);
  if (refused !== undefined) throw new Skipped(`no disk can be mounted here: ${refused}`);
  opening.defer(() => void run("umount", "-l", path));
  const ballast = join(path, "ballast");
  const owned = opening.move();
  return {
    path,
    fill() {
      const file = openSync(ballast, "a");
      try {
        for (let size = 65_536; size >= 1; ) {
          try {
            writeSync(file, Buffer.alloc(size));
          } catch {
            size = Math.floor(size / 2);
          }
        }
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast),
    // The folder that it was mounted on goes after it.
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
