/** Lets a call pass when its principal may use its route and has the scope that the method's descriptor asks for. */

import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import type { Principal } from "#identity/credentials.ts";
import { permitsRoute } from "#identity/permits.ts";
import { callRecordKey, principalKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import { procedureOf } from "./outcome.ts";

type AnyRequest = UnaryRequest | StreamRequest;

function requireRoute({ method, contextValues }: AnyRequest, principal: Principal): void {
  if (principal.routes === undefined || methodFacts(method).isPublic) return;
  const procedure = procedureOf(method);
  const { endpoint } = contextValues.get(callRecordKey);
  if (permitsRoute(principal, [procedure, endpoint])) return;
  throw fault("ROUTE_NOT_ALLOWED", `this key may not call ${procedure} by this path`);
}

function requireScope({ method }: AnyRequest, { scopes, authenticated }: Principal): void {
  const { requiredScope: scope } = methodFacts(method);
  // Who may do everything may do this.
  if (scope === "" || scopes.has(scope) || scopes.has("admin")) return;
  const needed = `${method.name} needs the scope "${scope}"`;
  // Whoever runs a gateway without keys meets this first.
  const cure = `the gateway has no keys: set API_KEY, or auth.anonymous_scopes: [${scope}]`;
  throw fault("SCOPE_REQUIRED", authenticated ? needed : `${needed}; ${cure}`, {
    metadata: { scope },
  });
}

/** Throws ROUTE_NOT_ALLOWED; SCOPE_REQUIRED, naming the scope. Probes are everybody's, whatever their key. */
export function authorize(): Interceptor {
  return (next) => (request) => {
    const principal = request.contextValues.get(principalKey);
    requireRoute(request, principal);
    requireScope(request, principal);
    return next(request);
  };
}
