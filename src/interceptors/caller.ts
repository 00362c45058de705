/** Whom limits count a call for: the credential's name, or else the network that it comes from. */

import { isIP } from "node:net";
import type { ContextValues } from "@connectrpc/connect";
import { callRecordKey, principalKey } from "./context.ts";

/** The network that an address counts for: an IPv6 client owns a /64, so one address means nothing. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail = ""] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...zeros, ...back].slice(0, 4).join(":");
}

/** The caller of a call, among whose values these are. */
export function callerOf(values: ContextValues): string {
  const principal = values.get(principalKey);
  return principal.authenticated
    ? `key:${principal.id}`
    : `ip:${networkOf(values.get(callRecordKey).clientAddress)}`;
}
