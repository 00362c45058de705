/** Whether files have changed: their sizes and times, without reading them. */

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Files of one folder that are looked at. */
const filesMax = 1000;

/** Changes when a file in the folder is added, removed or written; empty where it cannot be read. */
export async function folderStamp(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .sort();
  const stamps = names.slice(0, filesMax).map((name) => fileStamp(join(folder, name), name));
  return (await Promise.all(stamps)).join(";");
}

async function fileStamp(path: string, name: string): Promise<string> {
  return await stat(path).then(
    // The number of the file tells a link that leads elsewhere now, as those of mounts do.
    ({ size, mtimeMs, ino }) => `${name}:${size}:${mtimeMs}:${ino}`,
    () => `${name}:gone`,
  );
}
