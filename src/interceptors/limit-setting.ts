/** Names the setting of a limit that a call has met: libraries know the limit, and the gateway what sets it. */

import type { ConnectError } from "@connectrpc/connect";
import { infoMetadataOf, withMetadata } from "#errors/fault.ts";
import type { RouteSize } from "./route-sizes.ts";

/** Settings by the fact in google.rpc.ErrorInfo that reports their limit; `limit` stands for buffers. */
const settings = [
  ["limit_bytes", "max_request_size"],
  ["limit_elements", "max_request_elements"],
  ["limit", "buffer_limit"],
] as const;

/** Limits besides that of every body. */
interface OwnLimits {
  /** The limit of uploads, where they have one of their own. */
  readonly fileBytesMax?: number;
  /** Those of some routes. */
  readonly routeSizes?: readonly RouteSize[];
}

/** The same error, whose text and ErrorInfo name the setting; others are returned as they are. */
export function withLimitSetting(error: ConnectError, limits: OwnLimits = {}): ConnectError {
  const { fileBytesMax, routeSizes = [] } = limits;
  const facts = infoMetadataOf(error);
  if (facts.setting !== undefined) return error;
  const found = settings.find(([fact]) => facts[fact] !== undefined)?.[1];
  if (found === undefined) return error;
  const isFile = fileBytesMax !== undefined && facts.limit_bytes === String(fileBytesMax);
  const isRoute = routeSizes.some(({ bytesMax }) => facts.limit_bytes === String(bytesMax));
  const setting = isRoute ? "max_request_sizes" : isFile ? "max_file_size" : found;
  const named = { setting: `gateway.${setting}` };
  return withMetadata(error, named, `${error.rawMessage} (${setting})`);
}
