/** The section `auth`: who may call. Keys are hashed here; their plain text goes no further. */

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Preset, presets } from "#backends/llm/presets.ts";
import type { Group } from "#identity/credentials.ts";
import type { Path } from "#yaml/problem.ts";
import { flag, text, wholeNumber } from "#yaml/scalar.ts";
import {
  allowance,
  allowanceFields,
  allowanceFrom,
  groupName,
  groupNamed,
  groupsFrom,
} from "./allowances.ts";
import type { EnvironmentRow } from "./environment-row.ts";
import { keyStore } from "./key-store.ts";
import type { Report } from "./report.ts";
import type { AuthSettings, KeySettings } from "./settings.ts";

/** Rights that a key or an anonymous caller may hold. */
export const scopes = ["admin", "route", "priority"] as const;

const scopeList = () => z.array(z.enum(scopes)).default([]);

/** The section `auth`. */
export const auth = z.strictObject({
  enabled: flag()
    .optional()
    .describe("Turn away callers without a key; on as soon as there is a key or `auth.key_store`."),
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
  groups: z
    .record(groupName(), allowance)
    .prefault({})
    .describe("Keys that share limits and a budget, by the name of their group."),
  key_store: keyStore
    .optional()
    .describe(
      "Keys that are made, rotated and revoked while the gateway runs, by `polygate keys`.",
    ),
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

/** Shortest key that production takes, in characters. */
const productionKeyLengthMin = 16;

/** Keys from guides and examples, which everybody knows. */
const publicKeys: ReadonlySet<string> = new Set([
  "dev-gateway-key-12345",
  "dev-secret-key-change-in-production",
  "your-secret-key-here",
  "your-secret-api-key",
  "your-api-key-here",
  "super-secret-key-change-me",
  "change-me-in-production",
  "changemechangeme",
  "0123456789abcdef",
  "1234567890123456",
]);
const publicHashes: ReadonlySet<string> = new Set([...publicKeys].map(sha256Hex));
const randomHint = "take 32 random characters";
/** Placeholders for a key: `your-secure-api-key`, `<api-key>`, `change_me`. */
const placeholder =
  /change.?(me|this|in.?production)|replace.?(me|this)|your.?((very|super|own|strong|secure|secret|private|random|api|access|admin|gateway|auth).?)*(key|token|secret|password)|^<.*>$/i;
/** Least number of different characters in a key. Sixteen random hex digits have fewer about once in a million. */
const charactersMin = 5;

/** Hashes the keys and decides whether auth is on. `strict` refuses keys that can be guessed. */
export function authFrom(
  auth: FileAuth,
  strict: boolean,
  report: Report,
): Omit<AuthSettings, "forwardsCredentials"> {
  if (auth.type === "basic") {
    report(["auth", "type"], "basic is not built yet", "use bearer or apikey");
  }
  const groups = groupsFrom(auth.groups);
  const keys = keysFrom(auth, groups, strict, report);
  const mayHaveKeys = keys.length > 0 || auth.key_store !== undefined;
  const enabled = auth.enabled ?? mayHaveKeys;
  if (enabled && !mayHaveKeys) {
    report(
      ["auth"],
      "is on, but there is no key, so no one could call",
      "set auth.secret_key or auth.keys",
    );
  }
  if (strict && !enabled) {
    report(["auth", "enabled"], "must be on in production", "set API_KEY or auth.keys");
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
function keysFrom(
  auth: FileAuth,
  groups: ReadonlyMap<string, Group>,
  strict: boolean,
  report: Report,
): readonly KeySettings[] {
  const written: readonly WrittenKey[] = [
    ...(auth.secret_key === undefined
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
  if (key !== undefined) {
    if (strict) checkStrength(key, path, report);
    return sha256Hex(key);
  }
  const hash = written?.toLowerCase();
  if (strict && hash !== undefined && publicHashes.has(hash)) {
    report(path, "is a default that everybody knows", randomHint);
  }
  return hash;
}

function checkStrength(key: string, path: Path, report: Report): void {
  if (key.length < productionKeyLengthMin) {
    report(
      path,
      `is shorter than the ${productionKeyLengthMin} characters that production asks for`,
    );
  } else if (publicKeys.has(key.toLowerCase()) || placeholder.test(key)) {
    report(path, "is a default that everybody knows", randomHint);
  } else if (new Set(key).size < charactersMin) {
    report(path, "repeats a few characters, so it can be guessed", randomHint);
  }
}

function sha256Hex(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
