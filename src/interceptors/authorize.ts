/** Lets a call pass when its principal has the scope that the method's descriptor asks for. */

import type { Interceptor } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { principalKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";

/** Throws SCOPE_REQUIRED, naming the scope. */
export function authorize(): Interceptor {
  return (next) => (request) => {
    const { requiredScope: scope } = methodFacts(request.method);
    const { scopes, authenticated } = request.contextValues.get(principalKey);
    // Who may do everything may do this.
    if (scope !== "" && !scopes.has(scope) && !scopes.has("admin")) {
      const needed = `${request.method.name} needs the scope "${scope}"`;
      // Whoever runs a gateway without keys meets this first.
      const cure = `the gateway has no keys: set API_KEY, or auth.anonymous_scopes: [${scope}]`;
      throw fault("SCOPE_REQUIRED", authenticated ? needed : `${needed}; ${cure}`, {
        metadata: { scope },
      });
    }
    return next(request);
  };
}
