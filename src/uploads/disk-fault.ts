/** What the disk's refusal means to whoever uploads. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";

const noRoom: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "ENFILE"]);

/** UPLOADS_FULL where there is no room left, else INTERNAL; the system's words, which name a path, go to the log alone. */
export function diskFault(cause: unknown): ConnectError {
  const isFull = cause instanceof Error && "code" in cause && noRoom.has(cause.code);
  return isFull
    ? fault("UPLOADS_FULL", "the gateway has no room left for uploads", { cause })
    : fault("INTERNAL", "the upload could not be kept", { cause });
}
