/** Reads the PEM files of a TLS setting as the start will, and returns what is wrong with them. */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type Reading, readAtMost } from "#core/read-file.ts";

/** Largest PEM file, in bytes: a bundle of all public authorities has a fifth of it. */
const pemBytesMax = 1024 * 1024;

/** Absolute paths of PEM files. */
export interface TlsFiles {
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly caFile?: string;
}

/** A problem and the setting under `tls` that it is about. */
export interface TlsProblem {
  readonly key: "cert_file" | "key_file" | "ca_file";
  readonly message: string;
}

/** All problems of the files; an empty list when TLS accepts them. Never throws. */
export function tlsProblems(
  { certFile, keyFile, caFile }: TlsFiles,
  reading: Reading = {},
): readonly TlsProblem[] {
  const problems: TlsProblem[] = [];
  const read = <T>(key: TlsProblem["key"], path: string | undefined, kind: Kind<T>) => {
    if (path === undefined) return undefined;
    const { message, pem, value } = readAs(path, kind, reading);
    if (message !== undefined) problems.push({ key, message });
    return value === undefined ? undefined : { pem, value };
  };
  const cert = read("cert_file", certFile, certificate);
  const key = read("key_file", keyFile, privateKey);
  const ca = read("ca_file", caFile, certificate);
  if (cert === undefined || key === undefined || problems.length > 0) return problems;
  if (!cert.value.checkPrivateKey(key.value)) {
    return [{ key: "key_file", message: "is not the key of the certificate in `cert_file`" }];
  }
  try {
    createSecureContext({ cert: cert.pem, key: key.pem, ...(ca && { ca: ca.pem }) });
    return [];
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return [{ key: "cert_file", message: `is refused by TLS (${code})` }];
  }
}

/** How to parse a file, and the message when that fails. */
interface Kind<T> {
  readonly parse: (pem: Buffer) => T;
  readonly otherwise: string;
}

const certificate: Kind<X509Certificate> = {
  parse: (pem) => new X509Certificate(pem),
  otherwise: "holds no PEM certificate",
};

const privateKey: Kind<KeyObject> = {
  parse: (pem) => createPrivateKey(pem),
  otherwise: "holds no PEM private key that opens without a passphrase",
};

function readAs<T>(
  path: string,
  { parse, otherwise }: Kind<T>,
  reading: Reading,
): { readonly message?: string; readonly pem?: Buffer; readonly value?: T } {
  let pem: Buffer;
  try {
    pem = readAtMost(path, pemBytesMax + 1, reading);
  } catch {
    return { message: "cannot be read" };
  }
  if (pem.length > pemBytesMax) return { message: `is larger than ${pemBytesMax} bytes` };
  try {
    return { pem, value: parse(pem) };
  } catch {
    return { message: otherwise };
  }
}
