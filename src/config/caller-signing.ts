/** What signs the identity of callers for cores: `auth.identity_secret` or `auth.identity_key_file`. */

import { createPrivateKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Report } from "./report.ts";
import type { Settings } from "./settings.ts";

interface Written {
  readonly identity_secret?: string | undefined;
  readonly identity_key_file?: string | undefined;
}

function isEd25519(path: string): boolean {
  try {
    return createPrivateKey(readFileSync(path)).asymmetricKeyType === "ed25519";
  } catch {
    return false;
  }
}

/** Reports a core that wants signed identities where nothing signs, and a secret that others know. */
export function callerSigningFrom(
  { identity_secret: secret, identity_key_file: file }: Written,
  {
    cores,
    folder,
    secrets,
  }: {
    readonly cores: readonly { readonly identity?: string }[];
    readonly folder: string;
    /** Of tokens: a core that could verify with one of them could sign for anybody. */
    readonly secrets: readonly KeyObject[];
  },
  report: Report,
): Settings["callerSigning"] {
  if (secret !== undefined && file !== undefined) {
    report(["auth", "identity_key_file"], "cannot be combined with identity_secret");
  }
  const wanting = cores.findIndex(({ identity }) => identity === "signed");
  if (wanting >= 0 && secret === undefined && file === undefined) {
    const hint = "set auth.identity_key_file or auth.identity_secret";
    report(["cores", wanting, "identity"], "is signed, but there is nothing to sign with", hint);
  }
  const own = secret === undefined ? undefined : createSecretKey(secret, "utf8");
  if (own !== undefined && secrets.some((other) => other.equals(own))) {
    report(
      ["auth", "identity_secret"],
      "signs tokens of callers too: cores could sign for anybody",
    );
  }
  if (file === undefined) return own && { secret: own };
  const keyFile = resolve(folder, file);
  if (!isEd25519(keyFile)) {
    report(["auth", "identity_key_file"], "cannot be read as an Ed25519 private key in PEM");
  }
  return { keyFile };
}
