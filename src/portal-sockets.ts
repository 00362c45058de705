/** Calls of the portal's pages that stream requests, which browsers can send over a WebSocket alone: REST's own, at a path of the portal. */

import { create, type DescMethod } from "@bufbuild/protobuf";
import { lazy } from "#core/lazy.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import type { PortalSockets } from "#portal/surface.ts";
import { createRest, type RestOptions } from "#rest/rest.ts";
import type { CallPath } from "#rpc/call.ts";

const isWanted = ({ methodKind }: DescMethod) =>
  methodKind === "client_streaming" || methodKind === "bidi_streaming";

/** Where a method is, below `path`: each text is a whole message. */
function ruleOf({ parent, name }: DescMethod, path: string) {
  return create(HttpRuleSchema, {
    selector: `${parent.typeName}.${name}`,
    pattern: { case: "post", value: `${path}/${parent.typeName}/${name}` },
    body: "*",
  });
}

/** The calls of those methods of `calls` that take a stream; made for the first of them. */
export function createPortalSockets(
  { path, calls }: { readonly path: string; readonly calls: CallPath },
  options: Omit<RestOptions, "rules" | "json" | "jsonByMethod" | "tellsRefusals">,
): PortalSockets {
  const rest = lazy(() => {
    const methods = calls.methods.filter(isWanted);
    const rules = methods.map((method) => ruleOf(method, path));
    // Browsers hide the response to a handshake from pages: these are to see why they may not call.
    return createRest({ ...calls, methods }, { ...options, rules, tellsRefusals: true });
  });
  return {
    serve: (upgrade, request) =>
      rest().upgrade(upgrade, rest().matchUpgrade(upgrade.target), request),
  };
}
