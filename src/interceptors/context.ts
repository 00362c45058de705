/** Typed keys of what interceptors and services share about a call. Keys and how they get their values. */

import {
  type ContextKey,
  type ContextValues,
  createContextKey,
  createContextValues,
} from "@connectrpc/connect";
import type { Principal } from "#identity/credentials.ts";
import type { CallLimits } from "#limits/call-limits.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { LoadLevel } from "#overload/load-level.ts";
import type { VendorCredential } from "./vendor-credential.ts";

/** A caller without a credential. */
const anonymous: Principal = { id: "anonymous", authenticated: false, scopes: new Set() };

/** The caller; anonymous until `authenticate` has run. */
export const principalKey: ContextKey<Principal> = createContextKey(anonymous, {
  description: "principal",
});

/** No credential of the address is looked at for so long, in milliseconds: too many were unknown. */
export interface Limited {
  readonly retryAfterMs: number;
}

/** The credential could not be judged: why, as a fault. */
export interface Unjudged {
  readonly failure: unknown;
}

/** What is known of a caller's credential; undefined until somebody has looked at it. */
export type Identity = Principal | "missing" | "uncertified" | "unknown" | Limited | Unjudged;

/** Found by admission, before the call's body, or else by `authenticate`. */
export const identityKey: ContextKey<Identity | undefined> = createContextKey<Identity | undefined>(
  undefined,
  { description: "identity" },
);

/** Whether the credential of the call was taken back or has expired since; undefined for one that cannot be. */
export const credentialEndedKey: ContextKey<(() => boolean) | undefined> = createContextKey<
  (() => boolean) | undefined
>(undefined, { description: "credential has ended" });

/** A session of the portal, which its surface has looked at: what its call is made with. */
export interface SessionCredential {
  readonly credential: string;
  /** Whether it was ended, or has expired, since the call came. */
  isOver(): boolean;
}

/** The session that a call of the portal came with; undefined for all other calls. */
export const sessionKey: ContextKey<SessionCredential | undefined> = createContextKey<
  SessionCredential | undefined
>(undefined, { description: "session" });

/** The client's own credential for a vendor, where providers are called with it. */
export const vendorCredentialKey: ContextKey<VendorCredential | undefined> = createContextKey<
  VendorCredential | undefined
>(undefined, { description: "vendor credential" });

/** The limits that a call has to pass; undefined where there are none. */
export const callLimitsKey: ContextKey<CallLimits | undefined> = createContextKey<
  CallLimits | undefined
>(undefined, { description: "call limits" });

/** Set when a call has ended before its limits were taken: what is still on its way in is to hold nothing. */
export const callOverKey: ContextKey<boolean> = createContextKey(false, {
  description: "call is over",
});

/** What of its kind is refused for load, as it was when the call came; undefined until somebody has asked. */
export const shedKey: ContextKey<LoadLevel | undefined> = createContextKey<LoadLevel | undefined>(
  undefined,
  { description: "shed" },
);

/** The record of the request; calls that come through no request entry get an empty one. */
export const callRecordKey: ContextKey<CallRecord> = createContextKey<CallRecord>(
  {
    requestId: "",
    listener: "",
    port: 0,
    clientAddress: "",
    httpMethod: "",
    httpVersion: "",
    startMs: 0,
    endpoint: "",
    // Nothing ends such a call but itself.
    status: 0,
    called: true,
  },
  { description: "call record" },
);

/** What interceptors know of the call that a request makes. */
export function valuesOf(record: CallRecord): ContextValues {
  return createContextValues().set(callRecordKey, record);
}
