/** EmbeddingsService: texts in, vectors out. */

import type { ServiceImpl } from "@connectrpc/connect";
import type { ChatAsk } from "#catalog/chat-catalog.ts";
import { fault } from "#errors/fault.ts";
import type { EmbeddingsService, EmbedRequest } from "#gen/polygate/v1/embeddings_pb.js";
import { embedLocally, type LocalEmbedDeps, localEmbedder } from "./local-embeddings.ts";
import { likelyTokens, RoutedCall, type RoutedDeps } from "./routed-call.ts";

/** What of a request its route may depend on. No session is helped by staying on one endpoint. */
function askOf({ inputs }: EmbedRequest): ChatAsk {
  let characters = 0;
  let tokens = 0;
  for (const { content } of inputs) {
    if (content.case === "text") characters += content.value.length;
    if (content.case === "tokens") tokens += content.value.ids.length;
  }
  return { promptTokens: tokens + likelyTokens(characters), outputTokens: 0, needs: "embed" };
}

/** The service over the models here and the catalog of chat routes, of whose names routes come first. */
export function createEmbeddingsService(
  deps: RoutedDeps & LocalEmbedDeps,
): ServiceImpl<typeof EmbeddingsService> {
  const { catalog, predict } = deps;
  return {
    async embed(request, context) {
      const isRoute = catalog.routeNames.includes(request.model);
      const status = isRoute ? undefined : localEmbedder(predict, request.model);
      if (status !== undefined) return await embedLocally(deps, request, { status, context });
      const active = new RoutedCall(deps, request.model, askOf(request), context);
      const response = await active.whole(
        (backend, call) => {
          if (backend.embed !== undefined) return backend.embed(request, call);
          throw fault("OPERATION_UNSUPPORTED", "the backend makes no embeddings");
        },
        ({ modelUsed: model, usage }) => ({ model, usage }),
      );
      response.cost = active.cost;
      response.processingTimeMs = Math.round(active.elapsedMs);
      return response;
    },
  };
}
