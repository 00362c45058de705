/** Which models a call may come to, and the refusal of the others. */

import type { ConnectError } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";

/** Whether a model may be called that goes by these names: one that is allowed is enough. */
export type AllowsModel = (...names: readonly (string | undefined)[]) => boolean;

/** The refusal: the same for a model that is not there, so that a key reveals to nobody what is. */
export function modelNotAllowed(model: string): ConnectError {
  const name = model === "" ? "the default model" : `the model "${model}"`;
  return fault("MODEL_NOT_ALLOWED", `this key may not call ${name}`, {
    metadata: { param: "model" },
  });
}
