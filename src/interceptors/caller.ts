/** The caller of a call: whom limits count it for, and whether it is one still. */

import type { ContextValues } from "@connectrpc/connect";
import { networkOf } from "#core/network-of.ts";
import { fault } from "#errors/fault.ts";
import { callRecordKey, credentialEndedKey, principalKey } from "./context.ts";

/** Before the name of a credential. */
const ofKey = "key:";

/** Before the id of a kept key, which no name is taken for. */
const ofKept = "kept:";

/** The name of the credential that a caller has; undefined for one that is an address. */
export function keyOfCaller(caller: string): string | undefined {
  return caller.startsWith(ofKey) ? caller.slice(ofKey.length) : undefined;
}

/** The caller that limits count a call for: the credential's name, or else the network that it comes from. */
export function callerOf(values: ContextValues): string {
  const principal = values.get(principalKey);
  return principal.authenticated
    ? `${ofKey}${principal.id}`
    : `ip:${networkOf(values.get(callRecordKey).clientAddress)}`;
}

/**
 * Whose objects a call makes and may name: those of its key, which keeps them under another name and
 * does not leave them to whoever is given its own; without auth all callers are one.
 */
export function ownerOf(values: ContextValues): string {
  const { authenticated, id, owner } = values.get(principalKey);
  if (!authenticated) return id;
  return owner === undefined ? `${ofKey}${id}` : `${ofKept}${owner}`;
}

/** For whom a response is kept: for its owner, or else for the network that the call comes from. */
export function keeperOf(values: ContextValues): string {
  return values.get(principalKey).authenticated ? ownerOf(values) : callerOf(values);
}

/** For what goes on for as long as its caller likes. Throws CREDENTIAL_INVALID once the credential has ended. */
export function requireCaller(values: ContextValues): void {
  if (values.get(credentialEndedKey)?.() !== true) return;
  throw fault("CREDENTIAL_INVALID", "the credential was changed, taken back or has expired");
}
