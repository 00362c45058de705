/** Keys of callers: hashed here, their plain text goes no further. */

import { createHash } from "node:crypto";
import type { Path } from "#yaml/problem.ts";
import type { Report } from "./report.ts";
import type { FileConfig } from "./schema.ts";
import type { AuthSettings, KeySettings } from "./settings.ts";

/** Shortest key that production takes, in characters. */
const productionKeyLengthMin = 16;

/** Keys that guides and examples print, and that are therefore known to everybody. */
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
/** `your-secure-api-key`, `<api-key>`, `change_me`: what stands where a key is to stand. */
const placeholder =
  /change.?(me|this|in.?production)|replace.?(me|this)|your.?((very|super|own|strong|secure|secret|private|random|api|access|admin|gateway|auth).?)*(key|token|secret|password)|^<.*>$/i;
/** Different characters of a key that somebody made up; sixteen random digits of hex have fewer once in some million times. */
const charactersMin = 5;

/** Hashes the keys and decides whether auth is on. `strict` refuses keys that can be guessed. */
export function authFrom(
  auth: FileConfig["auth"],
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
      "is on and has no key, so no one could call",
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

/** While auth is off anybody may report load too: who develops alone has no one to keep from it. */
function openScopes(written: readonly string[]): readonly string[] {
  return [...new Set([...written, "route"])];
}

/** The secret key first, then the keys in the order of the file, each once. */
function keysFrom(
  auth: FileConfig["auth"],
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
      report(path, "has a name that another key has");
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

/** SHA-256 of a key, in hex; reports keys that are not there, or too easy for production. */
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
