/** The caller that limits count a call for: the credential's name, or else the network that it comes from. */

import type { ContextValues } from "@connectrpc/connect";
import { networkOf } from "#core/network-of.ts";
import { callRecordKey, principalKey } from "./context.ts";

/** Before the name of a credential. */
const ofKey = "key:";

/** The name of the credential that a caller has; undefined for one that is an address. */
export function keyOfCaller(caller: string): string | undefined {
  return caller.startsWith(ofKey) ? caller.slice(ofKey.length) : undefined;
}

/** The caller of a call, among whose values these are. */
export function callerOf(values: ContextValues): string {
  const principal = values.get(principalKey);
  return principal.authenticated
    ? `${ofKey}${principal.id}`
    : `ip:${networkOf(values.get(callRecordKey).clientAddress)}`;
}
