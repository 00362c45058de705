/** The full chain where callers come with signed tokens, or limits are those of a Redis. */

import { createSecretKey } from "node:crypto";
import type { SharedStoreSettings } from "#config/settings.ts";
import { openCredentials, type TokenOptions } from "#identity/open-credentials.ts";
import { type Chain, interceptorChain } from "#interceptors/chain.ts";
import { Limiter } from "#limits/limiter.ts";
import { openSharedStore } from "../../src/shared-store.ts";
import { chain, chainOptions, deps, limiter } from "./chain.ts";

/** What differs from the key and the limits in memory; as text, the argument of a contender. */
export interface ChainVariant {
  /** Tokens of HS256 by a secret, or of ES256 by a file with a JWK set. */
  readonly tokens?: { readonly secret: string } | { readonly setFile: string };
  /** Port of a Redis on this machine. */
  readonly redisPort?: number;
}

/** A command may take long on a busy machine. */
const commandMs = 1_000;
const bucketsMax = 1_000;

function tokenOptions(tokens: NonNullable<ChainVariant["tokens"]>): TokenOptions {
  const claims = { scopes: "scope", group: "group", models: "models" };
  const rules = { claims, scopePrefix: "", skewMs: 30_000 };
  return "secret" in tokens
    ? { ...rules, algorithms: ["HS256"], secrets: [createSecretKey(tokens.secret, "utf8")] }
    : { ...rules, algorithms: ["ES256"], secrets: [], keys: { setFile: tokens.setFile } };
}

/** Only tokens are taken: a call with the key would be refused. */
async function credentialsBy(tokens: NonNullable<ChainVariant["tokens"]>) {
  return await openCredentials(
    { keys: [], tokens: tokenOptions(tokens) },
    { clock: deps.clock, kept: {}, onFetch() {} },
  );
}

/** A Redis that is away fails the calls, so that no figure is one of limits in memory. */
async function limiterOn(port: number): Promise<Limiter> {
  const redis: SharedStoreSettings = {
    ...{ nodes: [{ host: "127.0.0.1", port }], isCluster: false, database: 0 },
    ...{ commandMs, onStoreError: "deny" as const },
  };
  const { limits } = await openSharedStore({ redis, bucketsMax }, deps);
  if (limits === undefined) throw new Error("nothing is limited");
  return new Limiter(limiter.options, { store: limits, clock: deps.clock });
}

/** The chain; without a difference the one that all other contenders have. */
export async function openChain({ tokens, redisPort }: ChainVariant): Promise<Chain> {
  if (tokens === undefined && redisPort === undefined) return chain;
  return interceptorChain(chainOptions, {
    ...deps,
    ...(tokens === undefined ? {} : { credentials: await credentialsBy(tokens) }),
    limiter: redisPort === undefined ? limiter : await limiterOn(redisPort),
  });
}
