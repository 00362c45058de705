/** Principals of client certificates: which verified certificate is whose. Pure. */

import type { CertificateNames } from "#core/certificate-names.ts";
import type { Principal } from "./credentials.ts";

/** Whose certificate it is: one with all of the names that are given here. */
export interface CertificateRule {
  readonly name: string;
  readonly commonName?: string;
  readonly dns?: string;
  readonly uri?: string;
  readonly email?: string;
  readonly scopes: readonly string[];
}

function isMeant(rule: CertificateRule, certificate: CertificateNames): boolean {
  const has = (wanted: string | undefined, names: readonly string[]) =>
    wanted === undefined || names.includes(wanted);
  return (
    (rule.commonName === undefined || rule.commonName === certificate.commonName) &&
    has(rule.dns, certificate.dns) &&
    has(rule.uri, certificate.uris) &&
    has(rule.email, certificate.emails)
  );
}

/** Finds the principal of a certificate: that of the first rule that it fits. */
export function certificateHolders(
  rules: readonly CertificateRule[],
): (certificate: CertificateNames) => Principal | undefined {
  const all = rules.map((rule) => ({
    rule,
    principal: { id: `cert:${rule.name}`, authenticated: true, scopes: new Set(rule.scopes) },
  }));
  return (certificate) => all.find(({ rule }) => isMeant(rule, certificate))?.principal;
}
