/** `auth.jwt`: signed tokens that callers may present, and by which keys they are verified. */

import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { algorithmOf, KeySet, type TokenAlgorithm, tokenAlgorithms } from "#identity/key-set.ts";
import type { KeysPlace, TokenOptions } from "#identity/open-credentials.ts";
import type { Path } from "#yaml/problem.ts";
import { duration, durationOrNone, text, textThat } from "#yaml/scalar.ts";
import type { Report } from "./report.ts";
import { withoutUndefined } from "./without-undefined.ts";

/** One text, or a list of them. */
const oneOrMore = () => z.union([text(), z.array(text()).min(1)]).optional();

/** Longest name of an issuer that stands in those of its callers, in characters. */
const issuerLengthMax = 128;

function isHttpUrl(written: string): boolean {
  const url = URL.parse(written);
  return ["http:", "https:"].includes(url?.protocol ?? "") && url?.username === "";
}

/** The section. */
export const jwt = () =>
  z.strictObject({
    secret: text("a text of visible ASCII characters", /^[\x21-\x7e]+$/)
      .optional()
      .describe(
        "Secret that signs tokens (HS256), as `auth.secret_key` does; both are good where both are set.",
      ),
    jwks_url: textThat("an http(s) URL without user", isHttpUrl)
      .optional()
      .describe(
        "JWK set of the issuer. Asked for again when it is old, or when a token names a key that it lacks; the last one is kept while the URL is down. Redirections are not followed.",
      ),
    jwks_file: text().optional().describe("Instead of `jwks_url`: a file with a JWK set."),
    public_key_file: text()
      .optional()
      .describe("Instead of `jwks_url`: a file with one public key in PEM."),
    algorithms: z
      .array(z.enum(tokenAlgorithms))
      .min(1)
      .optional()
      .describe("Algorithms that are taken; those for which there is a key when absent."),
    issuer: oneOrMore().describe(
      "Issuers (`iss`), one of which a token must name. Of several, logs and limits know callers as `jwt:issuer#sub`.",
    ),
    audience: oneOrMore().describe("Audiences (`aud`), one of which a token must name."),
    clock_skew: durationOrNone("10m")
      .prefault("30s")
      .describe("How far the clocks of issuer and gateway may differ."),
    lifetime_max: duration("87600h")
      .optional()
      .describe("Longest time for which a token may be issued; any when absent."),
    jwks_cooldown: duration("1h")
      .prefault("30s")
      .describe("Least time between two requests for the JWK set."),
    jwks_refresh: duration("24h")
      .prefault("10m")
      .describe(
        "Age at which the JWK set is asked for again, and after which a token is verified anew.",
      ),
    jwks_timeout: duration("1m").prefault("5s").describe("Time for one request for the JWK set."),
    claims: z
      .strictObject({
        scopes: text().prefault("scope").describe("Claim with the rights: a list, or a text."),
        scope_prefix: text("text without spaces", /^\S*$/)
          .prefault("")
          .describe(
            "What rights begin with there, such as `polygate:`; others are passed over. Name one where the issuer's tokens have scopes of other programs.",
          ),
        group: text().prefault("group").describe("Claim with the group."),
        models: text()
          .prefault("models")
          .describe("Claim with the models that may be called; all when a token has none."),
      })
      .prefault({})
      .describe("Names of claims."),
  });

/** What tokens need to know of files. */
export interface AuthContext {
  /** Absolute; relative paths count from here. */
  readonly folder: string;
}

/** Where problems go, and what is held against secrets. */
interface Findings {
  readonly strict: boolean;
  readonly report: Report;
  readonly warn: Report;
  /** Reports a secret that can be guessed. */
  check(secret: string, path: Path): void;
}

interface FileTokens {
  readonly type: "bearer" | "apikey" | "basic";
  readonly secret_key?: string | undefined;
  readonly jwt: z.output<ReturnType<typeof jwt>>;
}

const list = (written: string | string[] | undefined) =>
  typeof written === "string" ? [written] : written;

/** The secrets, the one that new tokens are signed with first. */
function secretsFrom({ type, secret_key: secretKey, jwt: { secret } }: FileTokens, to: Findings) {
  const written: readonly (readonly [Path, string | undefined])[] = [
    [["auth", "secret_key"], type === "apikey" ? undefined : secretKey],
    [["auth", "jwt", "secret"], secret],
  ];
  const secrets: KeyObject[] = [];
  for (const [path, text] of written) {
    if (text === undefined) continue;
    secrets.push(createSecretKey(text, "utf8"));
    to.check(text, path);
  }
  return secrets;
}

/** Where public keys are. Reports files that hold none, and more than one place. */
function placeFrom(
  jwt: FileTokens["jwt"],
  { folder }: AuthContext,
  { strict, report }: Findings,
): KeysPlace | undefined {
  const { jwks_url: url, jwks_file: setFile, public_key_file: keyFile } = jwt;
  const named = Object.entries({ jwks_url: url, jwks_file: setFile, public_key_file: keyFile });
  const [first, second] = named.filter(([, value]) => value !== undefined);
  if (second !== undefined) {
    report(["auth", "jwt", second[0]], `cannot be combined with ${first?.[0]}`);
  }
  const reading = (key: string, path: string, read: (text: string) => boolean) => {
    try {
      if (read(readFileSync(path, "utf8"))) return;
    } catch {
      // Said below: what is wrong with it may quote it.
    }
    report(["auth", "jwt", key], "cannot be read as a key for RS256, ES256 or EdDSA");
  };
  if (url !== undefined) {
    const { protocol, hostname } = new URL(url);
    if (strict && protocol === "http:" && !/^(localhost|127\.|\[::1\])/.test(hostname)) {
      report(
        ["auth", "jwt", "jwks_url"],
        "must be https in production: who answers decides who may call",
      );
    }
    const { jwks_cooldown: cooldownMs, jwks_refresh: refreshMs, jwks_timeout: timeoutMs } = jwt;
    return { remote: { url, cooldownMs, refreshMs, timeoutMs } };
  }
  if (setFile !== undefined) {
    const path = resolve(folder, setFile);
    reading("jwks_file", path, (text) => new KeySet(text).size > 0);
    return { setFile: path };
  }
  if (keyFile === undefined) return undefined;
  const path = resolve(folder, keyFile);
  reading("public_key_file", path, (pem) => algorithmOf(createPublicKey(pem)) !== undefined);
  return { keyFile: path };
}

/** Algorithms that there is a key for; reports those that are wanted in vain. */
function algorithmsFrom(
  wanted: readonly TokenAlgorithm[] | undefined,
  has: { readonly secrets: boolean; readonly keys: boolean },
  { report }: Findings,
): readonly TokenAlgorithm[] {
  const possible = tokenAlgorithms.filter((one) => (one === "HS256" ? has.secrets : has.keys));
  for (const algorithm of wanted ?? []) {
    if (possible.includes(algorithm)) continue;
    report(["auth", "jwt", "algorithms"], `has ${algorithm}, for which there is no key`);
  }
  return wanted ?? possible;
}

/** Which tokens are taken; undefined where no key for them is named. */
export function tokensFrom(
  auth: FileTokens,
  context: AuthContext,
  to: Findings,
): TokenOptions | undefined {
  const { jwt } = auth;
  const secrets = secretsFrom(auth, to);
  const keys = placeFrom(jwt, context, to);
  const has = { secrets: secrets.length > 0, keys: keys !== undefined };
  const algorithms = algorithmsFrom(jwt.algorithms, has, to);
  if (!has.secrets && !has.keys) return undefined;
  const names = { issuer: list(jwt.issuer), audience: list(jwt.audience) };
  const issuers = new Set(names.issuer);
  const isLong = [...issuers].some((name) => name.length > issuerLengthMax);
  if (issuers.size > 1 && isLong) {
    const path = ["auth", "jwt", "issuer"];
    to.report(path, `has a name of more than ${issuerLengthMax} characters beside others`);
  }
  for (const [name, value] of Object.entries(names)) {
    if (!has.keys || value !== undefined) continue;
    const say = to.strict ? to.report : to.warn;
    say(["auth", "jwt"], `has no \`${name}\`: tokens that were made for others are taken`);
  }
  return {
    algorithms,
    secrets,
    ...(keys !== undefined && { keys }),
    ...withoutUndefined({
      ...names,
      ...(names.issuer && { issuer: [...issuers] }),
      lifetimeMs: jwt.lifetime_max,
    }),
    skewMs: jwt.clock_skew,
    scopePrefix: jwt.claims.scope_prefix,
    claims: jwt.claims,
  };
}
