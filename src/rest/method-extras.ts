/** What the owner of a method says of it beyond its HTTP rule: fields that mean something to REST alone. */

import type { DescMethod } from "@bufbuild/protobuf";

/** Names as they stand in the proto file; each may be absent. */
export interface MethodExtras {
  /** The bool field of the request that asks for a stream, and the method of the same service that gives it. */
  readonly streamSwitch?: { readonly field: string; readonly method: string };
  /** The bytes field that takes a body of one of these media types as it is; `image/*` for all of a kind. */
  readonly upload?: { readonly field: string; readonly mediaTypes: readonly string[] };
}

/** Finds the extras of a method: a service's owner may read them from options of its own. */
export type MethodExtrasOf = (method: DescMethod) => MethodExtras;

const none: MethodExtras = {};

/** No method has any. */
export function noExtras(): MethodExtras {
  return none;
}
