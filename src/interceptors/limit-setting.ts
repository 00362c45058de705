/** Names the setting of a limit that a call has met: libraries know the limit, and the gateway what sets it. */

import type { ConnectError } from "@connectrpc/connect";
import { infoMetadataOf, withMetadata } from "#errors/fault.ts";

/** Settings by the fact in google.rpc.ErrorInfo that reports their limit; `limit` stands for buffers. */
const settings = [
  ["limit_bytes", "max_request_size"],
  ["limit_elements", "max_request_elements"],
  ["limit", "buffer_limit"],
] as const;

/**
 * The same error, whose text and ErrorInfo name the setting; others are returned as they are.
 * `fileBytesMax` is the limit of uploads, where they have one of their own.
 */
export function withLimitSetting(error: ConnectError, fileBytesMax?: number): ConnectError {
  const facts = infoMetadataOf(error);
  if (facts.setting !== undefined) return error;
  const found = settings.find(([fact]) => facts[fact] !== undefined)?.[1];
  if (found === undefined) return error;
  const isFile = fileBytesMax !== undefined && facts.limit_bytes === String(fileBytesMax);
  const setting = isFile ? "max_file_size" : found;
  const named = { setting: `gateway.${setting}` };
  return withMetadata(error, named, `${error.rawMessage} (${setting})`);
}
