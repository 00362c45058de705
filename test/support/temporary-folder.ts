/** A folder that goes with its scope. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** An empty folder for one test. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a file, with the folders above it; gives its path. */
  write(file: string, content: string | Uint8Array): Promise<string>;
  /** Removes a file or folder. */
  remove(file: string): Promise<void>;
}

/** Makes the folder; disposing removes it with all it holds. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "polygate-"));
  return {
    path,
    async write(file, content) {
      const target = join(path, file);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, content);
      return target;
    },
    remove: (file) => rm(join(path, file), { recursive: true }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}
