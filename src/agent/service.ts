/** Serves an agent as polyagent.core.v1.CoreService, with the health service that a core has beside it. */

import type { ConnectRouter } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Health, HealthCheckResponse_ServingStatus } from "#gen/grpc/health/v1/health_pb.js";
import { CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import type { Agent } from "./agent.ts";

/** Adds CoreService and grpc.health.v1.Health to `router`. A call ends when its client leaves. */
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
  const serving = { status: HealthCheckResponse_ServingStatus.SERVING };
  router.service(Health, {
    check({ service }) {
      if (isServed(service)) return serving;
      throw fault("ROUTE_UNKNOWN", `no service named "${service}"`);
    },
    list: () => ({ statuses: { "": serving, [CoreService.typeName]: serving } }),
    async *watch({ service }, { signal }) {
      yield isServed(service)
        ? serving
        : { status: HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN };
      await aborted(signal); // a core serves until it stops, so nothing else is ever told
    },
  });
}

function isServed(service: string): boolean {
  return service === "" || service === CoreService.typeName;
}

/** Nothing leaves a core without a reason. */
function rethrow(error: unknown): never {
  throw faultFrom(error);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}
