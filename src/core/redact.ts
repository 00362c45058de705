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
/** What follows the name of a scheme, and what is assigned to a name that says so. */
const named: readonly RegExp[] = [
  /(\b(?:bearer|basic)\s+)[^\s"',;&}]{8,}/gi,
  /((?:api[-_]?key|authorization|password|passwd|secret|token)["']?\s*[:=]\s*["']?)[^\s"',;&}]{6,}/gi,
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
