/** Names of tools in dialects without namespaces: `namespace__name`, undone by the request's own tools. Pure. */

import type { ToolDefinition } from "#gen/polygate/v1/chat_pb.js";

/** A tool's name where there are no namespaces. */
export function flatNameOf({ namespace, name }: { namespace: string; name: string }): string {
  return namespace === "" ? name : `${namespace}__${name}`;
}

/** The tool of the request that a flat name means. Names are never split: they may hold `__` themselves. */
export function toolOfFlatName(
  flat: string,
  tools: readonly ToolDefinition[],
): { readonly name: string; readonly namespace: string; readonly freeForm: boolean } {
  const tool = tools.find((candidate) => flatNameOf(candidate) === flat);
  return tool ?? { name: flat, namespace: "", freeForm: false };
}
