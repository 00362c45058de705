/** CacheService: lets go of responses that are kept. */

import type { ServiceImpl } from "@connectrpc/connect";
import type { PredictBackend } from "#backends/backend.ts";
import type { ResponseCache } from "#cache/response-cache.ts";
import type { CacheService } from "#gen/polygate/v1/cache_pb.js";

/** The service over the cache of chats and predictions; `predict` knows the aliases of models. */
export function createCacheService(
  cache: ResponseCache,
  predict: Pick<PredictBackend, "find">,
): ServiceImpl<typeof CacheService> {
  return {
    purge({ model }) {
      const all = cache.purge(model === "" ? undefined : model);
      const own = predict.find(model)?.name ?? model;
      if (own === model) return all;
      const more = cache.purge(own);
      return { entries: all.entries + more.entries, bytes: all.bytes + more.bytes };
    },
  };
}
