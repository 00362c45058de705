/** The certificate of a listener, which may be read again while connections are open. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type Server } from "node:tls";
import { readAtMost } from "#core/read-file.ts";

/** Certificates of a TLS listener. */
export interface TlsOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities whose client certificates are taken. */
  readonly caFile?: string;
  /** none: no client certificate is asked for; require: without one no connection. */
  readonly clientAuth: "none" | "request" | "require";
}

/** Texts of the PEM files. */
interface Pems {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Authorities whose client certificates are taken. */
  readonly ca?: Buffer;
}

/** Largest PEM file, in bytes. */
const pemBytesMax = 1024 * 1024;

/** Throws the system's error for a file that cannot be read, and for one that is too large. */
function pemAt(path: string, again: boolean): Buffer {
  const pem = readAtMost(path, pemBytesMax + 1, { again });
  if (pem.length > pemBytesMax) throw new Error(`${path} is larger than ${pemBytesMax} bytes`);
  return pem;
}

function pemsOf({ certFile, keyFile, caFile }: TlsOptions, again: boolean): Pems {
  return {
    cert: pemAt(certFile, again),
    key: pemAt(keyFile, again),
    ...(caFile !== undefined && { ca: pemAt(caFile, again) }),
  };
}

function isSame(one: Pems, other: Pems): boolean {
  const sameCa = one.ca === undefined || other.ca === undefined || one.ca.equals(other.ca);
  return one.cert.equals(other.cert) && one.key.equals(other.key) && sameCa;
}

/** What a listener shows, and how it comes to show something else. */
export class ListenerCertificate {
  readonly #options: TlsOptions;
  #shown: Pems;
  /** What could not be used, so that it is refused once. */
  #refused: Pems | undefined;
  #server: Pick<Server, "setSecureContext"> | undefined;

  /** Throws the system's error for a file that cannot be read. */
  constructor(options: TlsOptions) {
    this.#options = options;
    this.#shown = pemsOf(options, false);
  }

  /** What is shown, as options of a TLS server. */
  get shown(): Pems {
    return this.#shown;
  }

  /** When it ends, in milliseconds since the Unix epoch. */
  get notAfterMs(): number {
    return new X509Certificate(this.#shown.cert).validToDate.getTime();
  }

  /** The server whose further connections are shown what is read later. */
  showOn(server: Pick<Server, "setSecureContext">): void {
    this.#server = server;
  }

  /**
   * Reads the files again, and shows what is in them from the next connection on; those that are open
   * live on. Returns whether it was something new. Throws for what cannot be used, the first time that
   * it is read: what was shown before is shown on.
   */
  renew(): boolean {
    const read = pemsOf(this.#options, true);
    if (isSame(read, this.#shown)) {
      this.#refused = undefined;
      return false;
    }
    if (this.#refused !== undefined && isSame(read, this.#refused)) return false;
    try {
      // By itself first: OpenSSL may have taken a part of what it refuses.
      createSecureContext({ ...read });
      if (!new X509Certificate(read.cert).checkPrivateKey(createPrivateKey(read.key))) {
        throw new Error("the key is not that of the certificate");
      }
      this.#server?.setSecureContext({ ...read });
    } catch (thrown) {
      this.#refused = read;
      throw thrown;
    }
    this.#shown = read;
    this.#refused = undefined;
    return true;
  }
}
