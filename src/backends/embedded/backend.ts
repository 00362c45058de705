/** The reference core in this process, behind the chat contract. */

import type { ConnectError } from "@connectrpc/connect";
import type { Agent } from "#agent/agent.ts";
import type { CoreBackend } from "#backends/backend.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";

/** Answers by `agent`. The deadline is the signal's: there is no wire to send it over. */
export function createEmbeddedBackend(agent: Agent): CoreBackend {
  return {
    async chat(request, { signal }) {
      try {
        return await agent.chat(request, { signal });
      } catch (error) {
        throw coreFault(error);
      }
    },
    async *streamChat(request, { signal }) {
      try {
        yield* agent.streamChat(request, { signal });
      } catch (error) {
        throw coreFault(error);
      }
    },
    listModels: async () => agent.listModels(),
    async check() {
      // The core lives as long as this process does.
    },
    async [Symbol.asyncDispose]() {
      // It holds nothing.
    },
  };
}

/** A bug in the core is the core's failure, as it would be over the wire. */
function coreFault(thrown: unknown): ConnectError {
  const error = faultFrom(thrown);
  return reasonOf(error) === "INTERNAL"
    ? fault("BACKEND_FAILED", "the core failed", { cause: thrown })
    : error;
}
