/** CacheService: lets go of responses that are kept. */

import type { ServiceImpl } from "@connectrpc/connect";
import type { ResponseCache } from "#cache/response-cache.ts";
import type { CacheService } from "#gen/polygate/v1/cache_pb.js";

/** The service over the cache of chats. */
export function createCacheService(cache: ResponseCache): ServiceImpl<typeof CacheService> {
  return {
    purge: ({ model }) => cache.purge(model === "" ? undefined : model),
  };
}
