/** Programs that a machine may have or not. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for what benchmarks write, gone with the process. */
export const folder = mkdtempSync(join(tmpdir(), "polygate-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Whether a program is on the path. */
export function isInstalled(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

/** What a program says of its version, or that it is missing. */
export function versionOf(program: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? (`${stdout}${stderr}`.trim().split("\n")[0] ?? "") : `no ${program}`;
}

/** Command of a Redis that keeps nothing on the disk. */
export function redisServer(port: number): readonly string[] {
  const options = ["--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  return ["redis-server", "--port", String(port), ...options];
}
