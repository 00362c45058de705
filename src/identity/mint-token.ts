/** Signs tokens that this gateway takes (HS256), for its operator. */

import { SignJWT } from "jose";
import type { TokenRules } from "./token-store.ts";

/** Whom a token is for and what it lets do. */
export interface TokenGrant {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly group?: string;
  /** Absent: all models. */
  readonly models?: readonly string[];
  readonly lifetimeMs: number;
}

/** A token that the rules take, signed with the first secret. Throws RangeError, in words for the operator, where they take none. */
export async function mintToken(
  rules: TokenRules | undefined,
  { subject, scopes, group, models, lifetimeMs }: TokenGrant,
  wallMs: number,
): Promise<string> {
  const [secret] = rules?.secrets ?? [];
  if (rules === undefined || secret === undefined || !rules.algorithms.includes("HS256")) {
    throw new RangeError("there is no secret that signs tokens: set SECRET_KEY or auth.jwt.secret");
  }
  const { issuer, audience, claims } = rules;
  if (rules.lifetimeMs !== undefined && lifetimeMs > rules.lifetimeMs) {
    throw new RangeError("the token would be good for longer than auth.jwt.lifetime_max");
  }
  const issued = Math.floor(wallMs / 1000);
  const own = {
    [claims.scopes]: scopes.map((scope) => rules.scopePrefix + scope).join(" "),
    ...(group === undefined ? {} : { [claims.group]: group }),
    ...(models === undefined ? {} : { [claims.models]: models }),
  };
  const token = new SignJWT(own)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject)
    .setIssuedAt(issued)
    .setExpirationTime(issued + Math.floor(lifetimeMs / 1000));
  if (issuer?.[0] !== undefined) token.setIssuer(issuer[0]);
  if (audience?.[0] !== undefined) token.setAudience(audience[0]);
  return await token.sign(secret);
}
