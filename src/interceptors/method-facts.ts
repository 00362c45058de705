/** What a method's descriptor says of who may call it, read once per method. */

import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { any_principal, public$, required_scope, uncounted } from "#gen/polygate/v1/options_pb.js";

/** Facts of one method. */
export interface MethodFacts {
  /** Anybody may call it: probes and the gateway's own health. */
  readonly isPublic: boolean;
  /** Scope that a principal needs; empty means any principal. Admin where nobody has decided. */
  readonly requiredScope: string;
  /** Its descriptor, or a table of services of others, says who may call it. */
  readonly isDecided: boolean;
  /** It only looks at the gateway, and is left out of what is shown of its calls. */
  readonly isUncounted: boolean;
  /** Its client sends a stream. */
  readonly isClientStream: boolean;
  /** What its client streams are the pieces of one body. */
  readonly takesPieces: boolean;
}

/** Services that anybody may call: probes come without credentials. */
const publicServices: ReadonlySet<string> = new Set(["grpc.health.v1.Health"]);

/** Services of others that any principal may call: what they tell is the public API. */
const openServices: ReadonlySet<string> = new Set([
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
]);

/** Services of others whose calls only look at the gateway. */
const uncountedServices: ReadonlySet<string> = new Set([
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
]);

/** Reading an option builds a message of all options: too expensive for every call. */
const known = new WeakMap<DescMethod, MethodFacts>();

/** The facts of `method`. */
export function methodFacts(method: DescMethod): MethodFacts {
  const before = known.get(method);
  if (before !== undefined) return before;
  const isPublic = publicServices.has(method.parent.typeName) || getOption(method, public$);
  const isOpen = openServices.has(method.parent.typeName) || getOption(method, any_principal);
  const scope = getOption(method, required_scope);
  const isDecided = isPublic || isOpen || scope !== "";
  const facts = {
    isPublic,
    requiredScope: isDecided ? scope : "admin",
    isDecided,
    isUncounted: uncountedServices.has(method.parent.typeName) || getOption(method, uncounted),
    isClientStream: /^(client|bidi)_streaming$/.test(method.methodKind),
    takesPieces:
      method.methodKind === "client_streaming" && method.input.typeName === HttpBodySchema.typeName,
  };
  known.set(method, facts);
  return facts;
}
