/** The caller that limits count a call for: the credential's name, or else the network that it comes from. */

import type { ContextValues } from "@connectrpc/connect";
import { networkOf } from "#core/network-of.ts";
import { callRecordKey, principalKey } from "./context.ts";

/** The caller of a call, among whose values these are. */
export function callerOf(values: ContextValues): string {
  const principal = values.get(principalKey);
  return principal.authenticated
    ? `key:${principal.id}`
    : `ip:${networkOf(values.get(callRecordKey).clientAddress)}`;
}
