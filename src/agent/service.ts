/** Serves an agent as polyagent.core.v1.CoreService. */

import type { ConnectRouter } from "@connectrpc/connect";
import { faultFrom } from "#errors/from-unknown.ts";
import { CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import type { Agent } from "./agent.ts";

/** Adds CoreService to `router`. A call ends when its client leaves. */
export function registerCoreService(router: ConnectRouter, agent: Agent): void {
  router.service(CoreService, {
    chat: (request, { signal }) => agent.chat(request, { signal }).catch(rethrow),
    async *streamChat(request, { signal }) {
      try {
        yield* agent.streamChat(request, { signal });
      } catch (error) {
        rethrow(error);
      }
    },
    listModels: () => ({ models: [...agent.listModels()] }),
  });
}

/** Nothing leaves a core without a reason. */
function rethrow(error: unknown): never {
  throw faultFrom(error);
}
