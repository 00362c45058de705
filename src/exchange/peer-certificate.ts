/** The certificate of a connection's client, where an authority of the listener has signed it. */

import type { X509Certificate } from "node:crypto";
import { type CertificateNames, certificateNames } from "#core/certificate-names.ts";

/** What a TLS socket tells, and one of cleartext does not. */
interface MaybeTls {
  /** The client was asked for a certificate, and showed one that is signed and in its time. */
  readonly authorized?: boolean;
  getPeerX509Certificate?(): X509Certificate | undefined;
}

/** Read once per connection, which may carry any number of requests. */
const known = new WeakMap<object, CertificateNames | undefined>();

/** The names of the client's certificate; undefined where it has shown none that holds. */
export function peerCertificate(socket: object): CertificateNames | undefined {
  const tls: MaybeTls = socket;
  if (tls.authorized !== true) return undefined;
  if (known.has(socket)) return known.get(socket);
  const certificate = tls.getPeerX509Certificate?.();
  const names = certificate && certificateNames(certificate);
  known.set(socket, names);
  return names;
}
