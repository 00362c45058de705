/** Lets a call pass when its principal has the scope that the method's descriptor asks for. */

import type { Interceptor } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { principalKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";

/** Throws SCOPE_REQUIRED, naming the scope. */
export function authorize(): Interceptor {
  return (next) => (request) => {
    const { requiredScope: scope } = methodFacts(request.method);
    const { scopes } = request.contextValues.get(principalKey);
    if (scope !== "" && !scopes.has(scope)) {
      throw fault("SCOPE_REQUIRED", `${request.method.name} needs the scope "${scope}"`, {
        metadata: { scope },
      });
    }
    return next(request);
  };
}
