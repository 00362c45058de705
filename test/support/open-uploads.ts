/** The files of uploads that a process has open: they have no name, and show nowhere else. */

import { readdirSync, readlinkSync, statSync } from "node:fs";

const uploadPath = /polygate-[0-9a-f]{32}\.upload \(deleted\)$/;

function targetOf(descriptor: string, pid: number | "self" = "self"): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    // Closed since it was listed.
    return "";
  }
}

/** Paths that they had, as the system remembers them; of this process when no other is named. */
export function openUploads(pid: number | "self" = "self"): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((descriptor) => targetOf(descriptor, pid))
    .filter((path) => uploadPath.test(path));
}

/** Permissions of all that are open. */
export function uploadModes(): readonly number[] {
  return readdirSync("/proc/self/fd")
    .filter((descriptor) => uploadPath.test(targetOf(descriptor)))
    .map((descriptor) => statSync(`/proc/self/fd/${descriptor}`).mode & 0o777);
}
