/** Lets a call pass when its principal has the scope that the method's descriptor asks for. */

import { getOption } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { required_scope } from "#gen/polygate/v1/options_pb.js";
import { principalKey } from "./context.ts";

/** Throws SCOPE_REQUIRED, naming the scope. */
export function authorize(): Interceptor {
  return (next) => (request) => {
    const scope = getOption(request.method, required_scope);
    const { scopes } = request.contextValues.get(principalKey);
    if (scope !== "" && !scopes.has(scope)) {
      throw fault("SCOPE_REQUIRED", `${request.method.name} needs the scope "${scope}"`, {
        metadata: { scope },
      });
    }
    return next(request);
  };
}
