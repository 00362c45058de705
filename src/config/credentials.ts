/** The section `auth`: who may call. Keys are hashed here; their plain text goes no further. */

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Preset, presets } from "#backends/llm/presets.ts";
import { sha256Hex } from "#core/sha256-hex.ts";
import type { Group } from "#identity/credentials.ts";
import type { TokenOptions } from "#identity/open-credentials.ts";
import type { Path } from "#yaml/problem.ts";
import { flag, text, wholeNumber } from "#yaml/scalar.ts";
import { accessRoutes } from "./access-schema.ts";
import {
  allowance,
  allowanceFields,
  allowanceFrom,
  groupName,
  groupNamed,
  groupsFrom,
} from "./allowances.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import { keyStoreSetting } from "./key-store.ts";
import type { Report } from "./report.ts";
import { callerScopes, scopeList } from "./scopes.ts";
import { type Weakness, weaknessOf, weaknessOfHash } from "./secret-strength.ts";
import type { AuthSettings, KeySettings } from "./settings.ts";
import { type AuthContext, jwt, tokensFrom } from "./tokens.ts";
import { certificates, certificatesFrom, users, usersFrom } from "./users.ts";

/** The section `auth`. */
export const auth = z.strictObject({
  enabled: flag()
    .optional()
    .describe("Turn away callers without a key; on as soon as there is a key or `auth.key_store`."),
  type: z
    .enum(["bearer", "apikey", "basic"])
    .default("bearer")
    .describe(
      "What `secret_key` is: under `apikey` the operator's own key, else a secret that signs tokens. `basic` also lets refusals ask for a password first.",
    ),
  secret_key: text("a key of visible ASCII characters", /^[\x21-\x7e]+$/)
    .optional()
    .describe(
      "Secret that signs tokens (HS256), and is no credential itself; under `type: apikey` the operator's own key, which holds every scope.",
    ),
  jwt: jwt()
    .prefault({})
    .describe(
      "Signed tokens (JWT) that callers present as `Authorization: Bearer`. A token needs `sub` and `exp`; logs and limits know its caller as `jwt:sub`, where several issuers are named as `jwt:issuer#sub`.",
    ),
  users: users()
    .prefault([])
    .describe("Users who send name and password (`Authorization: Basic`)."),
  certificates: certificates()
    .prefault([])
    .describe(
      "Callers known by their client certificate, where a listener's `ca_file` has signed it and they send no other credential. The first entry of which all names fit counts.",
    ),
  keys: z
    .array(
      z.strictObject({
        name: text("a name of up to 64 characters", /^\S.{0,63}$/).describe(
          "Who holds the key; unique, used in logs.",
        ),
        key: text("a key of visible ASCII characters", /^[\x21-\x7e]+$/)
          .optional()
          .describe(
            "The key itself; stored as a hash, and kept in clear text only after its first use.",
          ),
        key_sha256: text("64 hex digits", /^[0-9a-fA-F]{64}$/)
          .optional()
          .describe("Instead of `key`: SHA-256 of it in hex."),
        scopes: callerScopes(),
        models: z
          .array(text("a name or a pattern such as gpt-*", /^\S.{0,255}$/))
          .min(1)
          .optional()
          .describe(
            "Models that it may call, by name or as `provider/model`, `*` standing for any text; routes by theirs. All when absent.",
          ),
        routes: z
          .array(text("the beginning of a path or a procedure", /^\S{1,256}$/))
          .min(1)
          .optional()
          .describe(
            "Paths such as `/v1/` and procedures such as `polygate.v1.ChatService/` that it may call, by how they begin. All when absent.",
          ),
        group: groupName().optional().describe("One of `auth.groups`."),
        tags: z
          .array(text("a word of up to 64 characters", /^\S.{0,63}$/))
          .max(16)
          .optional()
          .describe("Words that its spending is summed up by."),
        ...allowanceFields,
      }),
    )
    .prefault([])
    .describe("Keys that callers present."),
  identity_secret: text("a text of visible ASCII characters", /^[\x21-\x7e]+$/)
    .optional()
    .describe(
      "Secret that signs what cores with `identity: signed` learn about callers (HS256); they share it.",
    ),
  identity_key_file: text()
    .optional()
    .describe(
      "Instead of `identity_secret`: Ed25519 private key in PEM (EdDSA), of which cores have the public one.",
    ),
  groups: z
    .record(groupName(), allowance)
    .prefault({})
    .describe("Keys that share limits and a budget, by the name of their group."),
  key_store: keyStoreSetting(),
  routes: accessRoutes()
    .prefault([])
    .describe("Routes that ask for other credentials than their listener, or for none."),
  anonymous_scopes: scopeList().describe("Rights of every caller while auth is off."),
  failures_per_minute: wholeNumber(0, 1_000_000)
    .prefault(30)
    .describe(
      "Unknown keys that one address may send at once, and in each minute; then 429, except for keys that it used before. 0 sets no limit.",
    ),
});

type FileAuth = z.output<typeof auth>;

/** An operator's key that is named after its variable. */
const operatorKey = (name: string): EnvironmentRow => ({
  name,
  path: ["auth", "keys", "+"],
  value: (key) => ({ name, key, scopes: ["admin"] }),
});

/** Values of AI_GATEWAY_API_KEY that switch a provider on instead of being a key. */
const providerWords: ReadonlySet<string | undefined> = new Set(
  Object.values<Preset>(presets).map(({ gatewayWord }) => gatewayWord),
);

/** A variable of earlier gateways: a caller's key, or the name of a provider (which is never taken as a key). */
const gatewayKey: EnvironmentRow = {
  ...operatorKey("AI_GATEWAY_API_KEY"),
  value: (text) =>
    providerWords.has(text) ? undefined : operatorKey("AI_GATEWAY_API_KEY").value?.(text),
};

/** Environment names of the section. */
export const authRows: readonly EnvironmentRow[] = [
  { name: "AUTH_SECRET_KEY", path: ["auth", "secret_key"] },
  operatorKey("API_KEY"),
  gatewayKey,
  { name: "SECRET_KEY", path: ["auth", "jwt", "secret"] },
];

/** Shortest secret of tokens that leaves no warning, in characters: what HS256 makes of it (RFC 7518, 3.2). */
const secretLengthMin = 32;

/** Where problems go, and whether secrets that can be guessed are some. */
export interface AuthFindings {
  readonly strict: boolean;
  readonly report: Report;
  readonly warn: Report;
}

/** Holds a secret of tokens to what production asks for; elsewhere a short one leaves a warning. */
function secretCheck({ strict, report, warn }: AuthFindings) {
  return (secret: string, path: Path): void => {
    const weakness = strict ? weaknessOf(secret, "signing") : undefined;
    if (weakness !== undefined) report(path, weakness.message, weakness.hint);
    else if (secret.length < secretLengthMin) {
      warn(path, `is shorter than the ${secretLengthMin} characters that signing asks for`);
    }
  };
}

/** Hashes the keys and decides whether auth is on. `strict` refuses secrets that can be guessed. */
export function authFrom(
  auth: FileAuth,
  context: AuthContext,
  { strict, report, warn }: AuthFindings,
): Omit<AuthSettings, "forwardsCredentials" | "access"> {
  const groups = groupsFrom(auth.groups);
  const keys = keysFrom(auth, groups, strict, report);
  const tokens = tokensFrom(auth, context, {
    ...{ strict, report, warn },
    check: secretCheck({ strict, report, warn }),
  });
  const users = usersFrom(auth, report);
  const certificates = certificatesFrom(auth.certificates, report);
  const isStored = auth.key_store !== undefined;
  const isKnown = isStored || [keys, users, certificates].some(({ length }) => length > 0);
  if (tokens !== undefined) {
    const isAlone = !isKnown && tokens.keys === undefined;
    checkSecrets(auth, { tokens, keys, isAlone }, { strict, report, warn });
  }
  const enabled = auth.enabled ?? (isKnown || tokens !== undefined);
  if (enabled && !isKnown && tokens === undefined) {
    report(
      ["auth"],
      "is on, but there is no key, so no one could call",
      "set API_KEY, auth.keys, auth.jwt or auth.users",
    );
  }
  return {
    enabled,
    keys,
    ...(tokens !== undefined && { tokens: { ...tokens, groups: Object.fromEntries(groups) } }),
    ...(users.length > 0 && { users }),
    ...(certificates.length > 0 && { certificates }),
    ...(auth.type === "basic" && { asksFor: auth.type }),
    anonymousScopes: enabled || strict ? auth.anonymous_scopes : openScopes(auth.anonymous_scopes),
    failuresPerMinute: auth.failures_per_minute,
  };
}

/** Reports where a secret of tokens is a key as well, or seems to be meant as one, which it was in 0.1. */
function checkSecrets(
  { type, secret_key: secretKey }: FileAuth,
  {
    tokens,
    keys,
    isAlone,
  }: {
    readonly tokens: TokenOptions;
    readonly keys: readonly KeySettings[];
    /** There is no other way in. */
    readonly isAlone: boolean;
  },
  { strict, report, warn }: AuthFindings,
): void {
  const isOfType = secretKey !== undefined && type !== "apikey";
  const path = isOfType ? ["auth", "secret_key"] : ["auth", "jwt", "secret"];
  const digests = new Set(tokens.secrets.map((secret) => sha256Hex(secret.export())));
  const twin = keys.find(({ sha256 }) => digests.has(sha256));
  if (twin !== undefined) {
    const say = strict ? report : warn;
    say(path, `is also the key ${twin.name}: whoever has it can sign tokens for anybody`);
  }
  if (digests.size === 0 || !isAlone) return;
  warn(
    path,
    "signs tokens and is no key any more, and there is no other key",
    "`polygate keys token` makes a token with it; API_KEY is the key of the operator",
  );
}

/** The scopes of every caller while auth is off: in development, also reporting load. */
function openScopes(written: readonly string[]): readonly string[] {
  return [...new Set([...written, "route"])];
}

/** How a name is that of a caller who has no key; undefined where it is not. */
function othersNameOf(name: string): string | undefined {
  if (/^(jwt|user|cert):/.test(name)) return "begins like the name of a caller who has no key";
  return name === "anonymous" ? "is the name of every caller who has no key" : undefined;
}

/** The key of `secret_key` first, then the keys in the order of the file, each once. */
function keysFrom(
  auth: FileAuth,
  groups: ReadonlyMap<string, Group>,
  strict: boolean,
  report: Report,
): readonly KeySettings[] {
  const written: readonly WrittenKey[] = [
    ...(auth.secret_key === undefined || auth.type !== "apikey"
      ? []
      : [
          {
            path: ["auth", "secret_key"],
            name: "auth.secret_key",
            key: auth.secret_key,
            scopes: ["admin"],
            limits: {},
          },
        ]),
    ...auth.keys.map((key, index) => ({
      path: ["auth", "keys", index],
      ...key,
      limits: limitsFrom(key, groups, (message, hint) =>
        report(["auth", "keys", index, "group"], message, hint),
      ),
    })),
  ];
  const keys: KeySettings[] = [];
  for (const one of written) {
    const { path, name, scopes, limits } = one;
    const others = othersNameOf(name);
    if (others !== undefined) report([...path, "name"], others, "rename it");
    const hash = hashOf(one, strict, report);
    if (hash === undefined) continue;
    const twin = keys.find(({ sha256 }) => sha256 === hash);
    const same = { name: twin?.name, sha256: hash, scopes, ...limits };
    if (twin !== undefined && !isDeepStrictEqual(twin, same)) {
      report(path, `is the same key as that of ${twin.name}, with other rights`);
    } else if (twin === undefined && keys.some((key) => key.name === name)) {
      report(path, "has the name of another key");
    } else if (twin === undefined) {
      keys.push({ name, sha256: hash, scopes, ...limits });
    }
  }
  return keys;
}

/** What a key's principal may, beside its scopes. */
type Limits = Omit<KeySettings, "name" | "sha256" | "scopes">;

function limitsFrom(
  written: FileAuth["keys"][number],
  known: ReadonlyMap<string, Group>,
  report: (message: string, hint: string) => void,
): Limits {
  const { models, routes, tags } = written;
  const allowed = allowanceFrom(written);
  const group = groupNamed(written.group, known, report);
  return {
    ...(models !== undefined && { models }),
    ...(routes !== undefined && { routes }),
    ...(tags !== undefined && { tags }),
    ...(allowed !== undefined && { allowance: allowed }),
    ...(group !== undefined && { group }),
  };
}

interface WrittenKey {
  readonly path: Path;
  readonly name: string;
  readonly key?: string | undefined;
  readonly key_sha256?: string | undefined;
  readonly scopes: readonly string[];
  readonly limits: Limits;
}

/** SHA-256 of a key, in hex. Reports a missing key, and one that is too weak for production. */
function hashOf(
  { path, key, key_sha256: written }: WrittenKey,
  strict: boolean,
  report: Report,
): string | undefined {
  if ((key === undefined) === (written === undefined)) {
    report(path, "takes exactly one of key and key_sha256");
    return undefined;
  }
  const reportWeakness = (weakness: Weakness | undefined) => {
    if (weakness !== undefined) report(path, weakness.message, weakness.hint);
  };
  if (key !== undefined) {
    if (strict) reportWeakness(weaknessOf(key, "own"));
    return sha256Hex(key);
  }
  const hash = written?.toLowerCase();
  if (strict && hash !== undefined) reportWeakness(weaknessOfHash(hash));
  return hash;
}
