/** Several credential stores as one: each credential is looked for where its form can be known. */

import type { CredentialKind } from "./access.ts";
import type { CredentialStore, Found } from "./credentials.ts";

/** The stores; absent: none of that kind. */
export interface ChainedStores {
  /** Of credentials that stand by themselves, in the order in which they are asked. */
  readonly keys: readonly CredentialStore[];
  readonly tokens?: {
    /** Whether a credential has the form of a token. */
    isToken(credential: string): boolean;
    readonly store: CredentialStore;
  };
  /** Of names with passwords. */
  readonly users?: CredentialStore;
}

/** Longest credential that is looked for, in characters. */
const lengthMax = 8192;

/** Asks stores one after another; no promise is made where they have the answer at hand. */
function firstOf(
  stores: readonly CredentialStore[],
  credential: string,
  from = 0,
): Found | undefined | Promise<Found | undefined> {
  for (let place = from; place < stores.length; place += 1) {
    const found = stores[place]?.find(credential);
    if (found instanceof Promise) {
      return found.then((late) => late ?? firstOf(stores, credential, place + 1));
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The stores of some kinds alone. */
function ofKinds(
  { keys, tokens, users }: ChainedStores,
  kinds: ReadonlySet<CredentialKind>,
): ChainedStores {
  return {
    keys: kinds.has("key") ? keys : [],
    ...(tokens !== undefined && kinds.has("token") && { tokens }),
    ...(users !== undefined && kinds.has("password") && { users }),
  };
}

/** One store of several. A token is looked for among the keys, too: somebody's key may look like one. */
export function chainStores(stores: ChainedStores): CredentialStore {
  const { keys, tokens, users } = stores;
  const all = tokens === undefined ? keys : [tokens.store, ...keys];
  return {
    find(credential, scheme = "key") {
      if (credential.length > lengthMax) return undefined;
      if (scheme === "basic") return users?.find(credential, scheme);
      return firstOf(tokens?.isToken(credential) ? all : keys, credential);
    },
    accepting: (kinds) => chainStores(ofKinds(stores, kinds)),
  };
}
