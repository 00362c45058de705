/** The models of this process as the one endpoint of a pool, so that calls may go on to servers and back. */

import type { ModelServer, PredictBackend } from "#backends/backend.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";

/** A model or version that is not here may be elsewhere; `cause` keeps what is said when it is nowhere. */
function elsewhere(thrown: unknown): unknown {
  const error = faultFrom(thrown);
  const reason = reasonOf(error);
  if (reason !== "MODEL_UNKNOWN" && reason !== "MODEL_NOT_LOADED") return thrown;
  return fault("BACKEND_MODEL_MISSING", error.rawMessage, { cause: error });
}

/** `local` stays its owner's. */
export function localServer(local: PredictBackend): ModelServer {
  return {
    kind: local.kind,
    async check() {},
    async describe({ model }) {
      const status = local.find(model);
      if (status === undefined) throw fault("BACKEND_MODEL_MISSING", `no model named "${model}"`);
      return status;
    },
    async infer(request, call) {
      try {
        return { ...(await local.infer(request, call)), backend: local.kind };
      } catch (thrown) {
        throw elsewhere(thrown);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}
