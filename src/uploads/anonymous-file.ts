/** A file on the disk that has no name: nobody finds it, and it is gone with whoever has it open. */

import { randomBytes } from "node:crypto";
import { constants, type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";

const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW = 0 } = constants;

/** Opens one in a folder, which only this process may read. Rejects with the system's error. */
export async function openAnonymous(folder: string): Promise<FileHandle> {
  const path = join(folder, `polygate-${randomBytes(16).toString("hex")}.upload`);
  const file = await open(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
  try {
    await unlink(path);
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** Writes all of `bytes` after the first `at` of the file. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** The first `size` bytes of the file. Rejects when there are fewer. */
export async function readAll(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(bytes, done, size - done, done);
    if (bytesRead === 0) throw new Error("an upload is shorter than it was");
    done += bytesRead;
  }
  return bytes;
}
