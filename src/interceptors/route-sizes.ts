/** How large a request may be on some routes. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import { callRecordKey } from "./context.ts";
import { procedureOf } from "./outcome.ts";

/** A limit of the bodies of some calls. */
export interface RouteSize {
  /** How their procedures or paths begin. */
  readonly match: string;
  readonly bytesMax: number;
}

/** The least of the limits of a call's routes; infinite where none of them is its. */
export function routeSizes(
  sizes: readonly RouteSize[],
): (method: DescMethod, call: { readonly values: ContextValues }) => number {
  return (method, { values }) => {
    if (sizes.length === 0) return Number.POSITIVE_INFINITY;
    const { endpoint } = values.get(callRecordKey);
    // By whatever name it was called: who limits a procedure limits the paths that lead to it.
    const names = [`/${procedureOf(method)}`, endpoint];
    const own = sizes.filter(({ match }) => names.some((name) => name.startsWith(match)));
    return Math.min(...own.map(({ bytesMax }) => bytesMax));
  };
}
