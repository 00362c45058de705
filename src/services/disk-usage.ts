/** How full the disk is that the process runs on. */

import { statfs } from "node:fs/promises";

/** Space on a disk. */
export interface DiskUsage {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** 0 to 1. */
  readonly usedRatio: number;
}

/** The last known figures; a disk that does not answer holds up no one. */
export interface DiskGauge {
  /** Zeros until the first reading has ended. */
  latest(): DiskUsage;
  /** Reads again, or joins the reading in progress; resolves when it has ended, well or badly. */
  refresh(): Promise<void>;
}

/** A gauge that has read nothing yet. */
export function createDiskGauge(read: () => Promise<DiskUsage> = readDiskUsage): DiskGauge {
  let latest: DiskUsage = { totalBytes: 0, freeBytes: 0, usedRatio: 0 };
  let reading: Promise<void> | undefined;
  async function readOnce(): Promise<void> {
    try {
      latest = await read();
    } catch {
      // The figures stay as they were last known.
    } finally {
      reading = undefined;
    }
  }
  return {
    latest: () => latest,
    refresh() {
      reading ??= readOnce();
      return reading;
    },
  };
}

async function readDiskUsage(): Promise<DiskUsage> {
  const { blocks, bavail, bsize } = await statfs(process.cwd());
  const totalBytes = blocks * bsize;
  const freeBytes = bavail * bsize;
  return { totalBytes, freeBytes, usedRatio: totalBytes === 0 ? 0 : 1 - freeBytes / totalBytes };
}
