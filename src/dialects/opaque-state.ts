/** A provider's state as one text that travels through clients which know nothing of it. Pure. */

import { create } from "@bufbuild/protobuf";
import { type OpaqueState, OpaqueStateSchema } from "#gen/polygate/v1/conversation_pb.js";

const prefix = "pg1.";

/** `pg1.<vendor>.<data>`. */
export function sealState({ vendor, data }: OpaqueState): string {
  return `${prefix}${vendor}.${data}`;
}

/** What a client sent back; text without a prefix is the state of `native`, the client's own vendor. */
export function openState(text: string, native: string): OpaqueState {
  const end = text.startsWith(prefix) ? text.indexOf(".", prefix.length) : -1;
  return create(
    OpaqueStateSchema,
    end < 0
      ? { vendor: native, data: text }
      : { vendor: text.slice(prefix.length, end), data: text.slice(end + 1) },
  );
}

/** The state if it is this vendor's: no one else may have it. */
export function stateFor(vendor: string, state: OpaqueState | undefined): string | undefined {
  return state?.vendor === vendor && state.data !== "" ? state.data : undefined;
}
