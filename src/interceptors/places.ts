/** Where calls come in: what is asked of callers there, and what is known there of credentials. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import {
  type Access,
  type AccessOptions,
  accessAt,
  type CredentialKind,
  generalAccess,
} from "#identity/access.ts";
import type { CredentialStore, Principal } from "#identity/credentials.ts";
import { ProvenCredentials } from "#identity/proven-credentials.ts";
import { callRecordKey } from "./context.ts";
import { procedureOf } from "./outcome.ts";

/** What is known of credentials where some kinds of them are taken. */
interface Known {
  readonly store: CredentialStore;
  /** Those that were found there, and nowhere else. */
  readonly proven: ProvenCredentials;
}

/** One place. */
export interface Place extends Known {
  readonly access: Access;
  /** Whoever sends no credential. */
  readonly everybody: Principal;
  /** Names with passwords are looked for. */
  readonly takesBasic: boolean;
}

/** What places are made of. */
export interface PlaceDeps {
  readonly clock: Clock;
  readonly store: CredentialStore;
  /** There are users with passwords. */
  readonly hasUsers: boolean;
}

const nothing: CredentialStore = { find: () => undefined };

/**
 * Finds the place of a call, without a method that of its listener; without settings by listener or
 * route it is the same for all.
 */
export function placesOf(
  options: AccessOptions,
  { clock, store, hasUsers }: PlaceDeps,
): (method: DescMethod | undefined, values: ContextValues) => Place {
  /** By the kinds that are taken: what one set of them has found is nothing to another. */
  const knownBy = new Map<string, Known>();
  const knownOf = (accepts: readonly CredentialKind[]): Known =>
    getOrCreate(knownBy, accepts.toSorted().join(), () => {
      const kinds = new Set(accepts);
      const own = store.accepting?.(kinds) ?? (kinds.has("key") ? store : nothing);
      return { store: own, proven: new ProvenCredentials(clock) };
    });
  const placeOf = (access: Access): Place => ({
    ...knownOf(access.accepts.filter((kind) => kind !== "certificate")),
    access,
    everybody: {
      id: "anonymous",
      authenticated: false,
      scopes: new Set(access.enabled ? [] : access.anonymousScopes),
    },
    takesBasic: hasUsers && access.accepts.includes("password"),
  });
  const general = placeOf(generalAccess(options));
  if (options.access === undefined) return () => general;
  const listeners = new Map(Object.entries(options.access));
  const places = new Map<Access, Place>();
  return (method, values) => {
    const { listener: name, endpoint } = values.get(callRecordKey);
    const listener = listeners.get(name);
    if (listener === undefined) return general;
    // By whatever name it was called: who narrows a procedure narrows the paths that lead to it.
    const names = method === undefined ? [] : [`/${procedureOf(method)}`, endpoint];
    const access = accessAt(listener, names);
    return getOrCreate(places, access, () => placeOf(access));
  };
}
