/** Which secrets anybody could guess: placeholders, defaults of guides, short ones, and those that repeat themselves. Pure. */

import { sha256Hex } from "#core/sha256-hex.ts";

/** Whose secret it is, and what for: what others have given may be as short as they like. */
export type SecretKind = "own" | "signing" | "given" | "database";

/** What is wrong with a secret, and what to do about it. */
export interface Weakness {
  readonly message: string;
  readonly hint: string;
}

/** Shortest secrets that production takes, in characters; those that sign are as long as what HS256 makes of them (RFC 7518, 3.2). */
const lengthsMin: Readonly<Record<SecretKind, number>> = {
  own: 16,
  signing: 32,
  given: 0,
  database: 8,
};

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
/** Passwords that databases of examples have. */
const publicPasswords: ReadonlySet<string> = new Set([
  ...["postgres", "postgresql", "polygate", "password", "passw0rd", "mysecretpassword"],
  ...["secret", "example", "test", "admin", "root", "changeme", "12345678", "123456789"],
]);
const publicHashes: ReadonlySet<string> = new Set([...publicKeys].map((key) => sha256Hex(key)));
/** Placeholders for a key: `your-secure-api-key`, `<api-key>`, `change_me`, `sk-xxxxxxxx`. */
const placeholder =
  /change.?(me|this|in.?production)|replace.?(me|this)|your.?((very|super|own|strong|secure|secret|private|random|api|access|admin|gateway|auth).?)*(key|token|secret|password)|your[-_. ]([a-z0-9]{1,20}[-_. ]){0,4}(key|token|secret|password)|^<.*>$|x{6,}|\.\.\.$/i;
/** Least number of different characters in a key. Sixteen random hex digits have fewer about once in a million. */
const charactersMin = 5;

const randomHint = "take 32 random characters";
const ownHint = `${randomHint}, such as of \`openssl rand -hex 32\``;
const hints: Readonly<Record<SecretKind, string>> = {
  own: ownHint,
  signing: ownHint,
  given: "take the one that you were given",
  database: randomHint,
};

/** What is wrong with a secret; undefined where nothing is. */
export function weaknessOf(secret: string, kind: SecretKind): Weakness | undefined {
  const lengthMin = lengthsMin[kind];
  const hint = hints[kind];
  const word = secret.toLowerCase();
  const isKnown = publicKeys.has(word) || (kind === "database" && publicPasswords.has(word));
  if (isKnown || placeholder.test(secret)) {
    return { message: "is a default that everybody knows", hint };
  }
  if (secret.length < lengthMin) {
    const message = `is shorter than the ${lengthMin} characters that production asks for`;
    return { message, hint };
  }
  if (kind !== "given" && new Set(secret).size < charactersMin) {
    return { message: "repeats a few characters, so it can be guessed", hint };
  }
  return undefined;
}

/** The same of a secret of which only the SHA-256 is known, in hex. */
export function weaknessOfHash(hash: string): Weakness | undefined {
  if (!publicHashes.has(hash.toLowerCase())) return undefined;
  return { message: "is a default that everybody knows", hint: hints.own };
}
