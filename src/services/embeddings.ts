/** EmbeddingsService: texts in, vectors out. */

import { toBinary } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ChatAsk } from "#catalog/chat-catalog.ts";
import { fault } from "#errors/fault.ts";
import {
  type EmbeddingsService,
  type EmbedRequest,
  EmbedRequestSchema,
} from "#gen/polygate/v1/embeddings_pb.js";
import { requireModel } from "./allowed-models.ts";
import { backendCallOf } from "./backend-call.ts";
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
      const isRoute = catalog.hasRoute(request.model);
      const status = isRoute ? undefined : localEmbedder(predict, request.model);
      if (status !== undefined) {
        requireModel(context.values, request.model, status.name);
        return await embedLocally(deps, request, { status, context });
      }
      const active = new RoutedCall(
        deps,
        { model: request.model, ask: askOf(request), operation: "embeddings" },
        context,
      );
      const work = (own: HandlerContext) =>
        active.whole(
          (backend, call) => {
            if (backend.embed !== undefined) return backend.embed(request, call);
            throw fault("OPERATION_UNSUPPORTED", "the backend makes no embeddings");
          },
          ({ modelUsed: model, usage }) => ({ model, usage }),
          backendCallOf(own),
        );
      const lasting = active.lasting(() => toBinary(EmbedRequestSchema, request).length);
      const response = await (lasting === undefined ? work(context) : lasting.whole(work));
      response.cost = active.cost;
      response.processingTimeMs = Math.round(active.elapsedMs);
      return response;
    },
  };
}
