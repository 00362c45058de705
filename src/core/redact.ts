/** Removes credentials from texts that are kept or shown. Pure. */

/**
 * Forms of credentials that tell themselves: keys of model vendors and clouds, tokens of forges, JSON
 * web tokens, private keys, and whatever follows a word that says so.
 */
const forms: readonly RegExp[] = [
  /\b(?:sk|pk|rk|xai|gsk|grok|hf|pplx|nvapi|r8|tgp)[-_][\w-]{12,}/g,
  /\bAIza[\w-]{20,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g,
  /\b(?:gh[opsur]|glpat|github_pat|xox[abeoprs])[-_][\w-]{12,}/g,
  /\beyJ[A-Za-z0-9]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g,
];
/** What follows the name of a scheme, what is assigned to a name that says so, and what an address holds. */
const named: readonly RegExp[] = [
  /(\b(?:bearer|basic)\s+)[^\s"',;&}]{8,}/gi,
  /((?:api[-_]?key|authorization|password|passwd|secret|token)["']?\s*[:=]\s*["']?)[^\s"',;&}]{6,}/gi,
  /(\b[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/?#:@"']{0,256}:)[^\s/?#@"']+(?=@)/gi,
  /([?&](?:api[-_]?)?key=)[^\s&#"']{6,}/gi,
];

/** Characters of the shortest that any of them finds, such as `token=abcdef`. */
const lengthMin = 12;

/** What stands where a credential stood. */
export const redacted = "[redacted]";

/** `text` without what looks like a credential. */
export function withoutCredentials(text: string): string {
  if (text.length < lengthMin) return text;
  let clean = text;
  for (const form of forms) clean = clean.replace(form, redacted);
  for (const form of named) clean = clean.replace(form, `$1${redacted}`);
  return clean;
}

/** Shorter ones stand in many a text by chance. */
const knownLengthMin = 8;

/** Bytes of a text without these secrets, which are ASCII; the bytes themselves where none is in them. */
export function withoutSecrets(bytes: Uint8Array, secrets: readonly string[]): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = secrets.filter(
    (secret) => secret.length >= knownLengthMin && buffer.includes(secret, 0, "latin1"),
  );
  if (found.length === 0) return bytes;
  let text = buffer.toString("latin1");
  for (const secret of found) text = text.replaceAll(secret, redacted);
  return Buffer.from(text, "latin1");
}
