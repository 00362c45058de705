/** A folder as the kubelet mounts a ConfigMap or a Secret: its files change all at once, by a link. */

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A mounted folder. */
export interface MountedFolder {
  readonly path: string;
  /** Puts these in the place of all files before; the first time decides which names there are. */
  put(files: Readonly<Record<string, string>>): void;
}

/** Makes one. `path/name` links to `..data/name`, and `..data` to the folder of the last `put`. */
export function mountedFolder(path: string): MountedFolder {
  mkdirSync(path);
  let before: string | undefined;
  let count = 0;
  return {
    path,
    put(files) {
      count += 1;
      const version = `..version-${count}`;
      mkdirSync(join(path, version));
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(join(path, version, name), text);
      }
      symlinkSync(version, join(path, "..data_tmp"));
      renameSync(join(path, "..data_tmp"), join(path, "..data"));
      if (before === undefined) {
        for (const name of Object.keys(files)) symlinkSync(`..data/${name}`, join(path, name));
      } else {
        rmSync(join(path, before), { recursive: true });
      }
      before = version;
    },
  };
}
