/** Opens the credential stores of the settings, chained. What only some of them need is loaded for them. */

import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock } from "#core/clock.ts";
import { chainStores } from "./credential-chain.ts";
import { type CredentialStore, digestStore, type KeyDigest } from "./credentials.ts";
import type { KeySource } from "./key-set.ts";
import type { KeptKeys, KeysReport, RemoteKeysOptions } from "./remote-keys.ts";
import type { TokenRules } from "./token-store.ts";
import type { UserHash } from "./user-store.ts";

/** Where the public keys of tokens are; one of them. */
export type KeysPlace =
  | { readonly remote: RemoteKeysOptions }
  /** Absolute path of a JWK set. */
  | { readonly setFile: string }
  /** Absolute path of a public key in PEM. */
  | { readonly keyFile: string };

/** Tokens that are taken. */
export interface TokenOptions extends TokenRules {
  /** Absent: HS256 alone. */
  readonly keys?: KeysPlace;
}

/** Who is known. */
export interface CredentialOptions {
  readonly keys: readonly KeyDigest[];
  readonly tokens?: TokenOptions;
  readonly users?: readonly UserHash[];
}

/** What stores need besides. */
export interface CredentialDeps {
  readonly clock: Clock;
  /** Further stores of keys, asked after those of the settings. */
  readonly keyStores?: readonly CredentialStore[];
  /** What an issuer said last, of the settings before. */
  readonly kept: KeptKeys;
  onFetch(report: KeysReport): void;
}

async function openKeys(
  place: KeysPlace,
  deps: CredentialDeps,
  opening: AsyncDisposableStack,
): Promise<KeySource> {
  if ("remote" in place) {
    const { RemoteKeys } = await import("./remote-keys.ts");
    const keys = opening.use(new RemoteKeys(place.remote, deps));
    const asking = keys.refresh();
    // The first time it is not waited for: a gateway whose issuer is down serves those with keys.
    if (keys.isKnown) await asking;
    return keys;
  }
  const { KeySet, singleKey } = await import("./key-set.ts");
  if ("setFile" in place) return new KeySet(await readFile(place.setFile, "utf8"));
  return singleKey(createPublicKey(await readFile(place.keyFile)));
}

/** The store of all of them. Rejects when a file cannot be read. */
export async function openCredentials(
  { keys, tokens, users = [] }: CredentialOptions,
  deps: CredentialDeps,
): Promise<CredentialStore & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const publicKeys = tokens?.keys && (await openKeys(tokens.keys, deps, opening));
  const signed = tokens && (await import("./token-store.ts"));
  const passwords = users.length > 0 ? await import("./user-store.ts") : undefined;
  const chain = chainStores({
    keys: [digestStore(keys), ...(deps.keyStores ?? [])],
    ...(signed && {
      tokens: {
        isToken: signed.isTokenForm,
        store: signed.tokenStore(tokens, publicKeys, deps.clock),
      },
    }),
    ...(passwords && { users: passwords.userStore(users) }),
  });
  const owned = opening.move();
  return { ...chain, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
