/** The names in a certificate by which its holder is known. Pure. */

import type { X509Certificate } from "node:crypto";

/** Names in a certificate. Whether to believe them is for whoever has verified it. */
export interface CertificateNames {
  /** Of the subject; absent where it has none, or several. */
  readonly commonName?: string;
  readonly dns: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
}

/** Most names that are looked at. */
const namesMax = 100;

/** The alternative names of one kind. */
function alternatives(names: readonly string[], kind: string): readonly string[] {
  return names.flatMap((name) => (name.startsWith(kind) ? [name.slice(kind.length)] : []));
}

/** The names of a certificate. */
export function certificateNames(certificate: X509Certificate): CertificateNames {
  const { CN: commonName } = certificate.toLegacyObject().subject as { CN?: unknown };
  const text = certificate.subjectAltName ?? "";
  // A name with a comma is written in quotes, and could hold what looks like another: none is taken.
  const names = text.includes('"') ? [] : text.split(", ", namesMax);
  return {
    ...(typeof commonName === "string" ? { commonName } : {}),
    dns: alternatives(names, "DNS:"),
    uris: alternatives(names, "URI:"),
    emails: alternatives(names, "email:"),
  };
}
