/** The section `auth`: who may call. Keys are hashed here; their plain text goes no further. */

import { createHash } from "node:crypto";
import { z } from "zod";
import { type Preset, presets } from "#backends/llm/presets.ts";
import type { Path } from "#yaml/problem.ts";
import { flag, text, wholeNumber } from "#yaml/scalar.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import type { Report } from "./report.ts";
import { type Weakness, weaknessOf, weaknessOfHash } from "./secret-strength.ts";
import type { AuthSettings, KeySettings } from "./settings.ts";

/** Rights that a key or an anonymous caller may hold. */
export const scopes = ["admin", "route", "priority"] as const;

const scopeList = () => z.array(z.enum(scopes)).default([]);

/** The section `auth`. */
export const auth = z.strictObject({
  enabled: flag()
    .optional()
    .describe("Turn away callers without a key; on as soon as there is a key."),
  type: z
    .enum(["bearer", "apikey", "basic"])
    .default("bearer")
    .describe(
      "Scheme that the refusal of a caller without a key asks for; `Authorization: Bearer` and `x-api-key` are both read. `basic` is not built yet.",
    ),
  secret_key: text("a key of visible ASCII characters", /^[\x21-\x7e]+$/)
    .optional()
    .describe("The operator's own key; it holds every scope. Give callers keys of their own."),
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
        scopes: scopeList().describe("Rights beyond calling."),
      }),
    )
    .prefault([])
    .describe("Keys that callers present."),
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
  operatorKey("SECRET_KEY"),
];

/** Hashes the keys and decides whether auth is on. `strict` refuses keys that can be guessed. */
export function authFrom(
  auth: FileAuth,
  strict: boolean,
  report: Report,
): Omit<AuthSettings, "forwardsCredentials"> {
  if (auth.type === "basic") {
    report(["auth", "type"], "basic is not built yet", "use bearer or apikey");
  }
  const keys = keysFrom(auth, strict, report);
  const enabled = auth.enabled ?? keys.length > 0;
  if (enabled && keys.length === 0) {
    report(
      ["auth"],
      "is on, but there is no key, so no one could call",
      "set auth.secret_key or auth.keys",
    );
  }
  return {
    enabled,
    keys,
    anonymousScopes: enabled || strict ? auth.anonymous_scopes : openScopes(auth.anonymous_scopes),
    failuresPerMinute: auth.failures_per_minute,
  };
}

/** The scopes of every caller while auth is off: in development, also reporting load. */
function openScopes(written: readonly string[]): readonly string[] {
  return [...new Set([...written, "route"])];
}

/** The secret key first, then the keys in the order of the file, each once. */
function keysFrom(auth: FileAuth, strict: boolean, report: Report): readonly KeySettings[] {
  const written: readonly WrittenKey[] = [
    ...(auth.secret_key === undefined
      ? []
      : [
          {
            path: ["auth", "secret_key"],
            name: "auth.secret_key",
            key: auth.secret_key,
            scopes: ["admin"],
          },
        ]),
    ...auth.keys.map((key, index) => ({ path: ["auth", "keys", index], ...key })),
  ];
  const keys: KeySettings[] = [];
  for (const one of written) {
    const { path, name, scopes } = one;
    const hash = hashOf(one, strict, report);
    if (hash === undefined) continue;
    const twin = keys.find(({ sha256 }) => sha256 === hash);
    if (twin !== undefined && twin.scopes.join() !== scopes.join()) {
      report(path, `is the same key as that of ${twin.name}, with other scopes`);
    } else if (twin === undefined && keys.some((key) => key.name === name)) {
      report(path, "has the name of another key");
    } else if (twin === undefined) {
      keys.push({ name, sha256: hash, scopes });
    }
  }
  return keys;
}

interface WrittenKey {
  readonly path: Path;
  readonly name: string;
  readonly key?: string | undefined;
  readonly key_sha256?: string | undefined;
  readonly scopes: readonly string[];
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
    return createHash("sha256").update(key).digest("hex");
  }
  const hash = written?.toLowerCase();
  if (strict && hash !== undefined) reportWeakness(weaknessOfHash(hash));
  return hash;
}
