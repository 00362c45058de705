/** Finds what a caller's credential is, and a variable that holds it, for the commands that `serve` prints. */

import type { Settings } from "#config/settings.ts";
import { sha256Hex } from "#core/sha256-hex.ts";
import type { Environment } from "#yaml/source.ts";
import type { KeyVariable } from "./banner.ts";

/** The variable that clients of the gateway read their key from. */
const clientVariable = "POLYGATE_API_KEY";

/** The variable of name and password. */
const userVariable = "POLYGATE_USER";

/** Credentials that are taken where the commands go. */
interface TakenCredentials extends Pick<Settings["auth"], "keys"> {
  readonly tokens?: Settings["auth"]["tokens"] | undefined;
  readonly users?: Settings["auth"]["users"] | undefined;
  readonly certificates?: Settings["auth"]["certificates"] | undefined;
}

/**
 * The first variable that holds one of the keys; else the one that the reader should set, and to what:
 * a key or a token where there are some, else name and password, else it takes a certificate.
 */
export function keyVariable(
  env: Environment,
  { keys, tokens, users = [], certificates = [] }: TakenCredentials,
  keepsKeys: boolean,
): KeyVariable | "certificate" {
  const known = new Set(keys.map(({ sha256 }) => sha256));
  const name = Object.keys(env).find((candidate) => {
    const text = env[candidate];
    if (!text || !/^[A-Za-z_]\w*$/.test(candidate)) return false;
    return known.has(sha256Hex(text));
  });
  const kinds = [
    ...(keys.length > 0 || keepsKeys ? ["one of the keys"] : []),
    ...(tokens === undefined ? [] : ["a token"]),
  ];
  const holds = kinds.join(" or ");
  if (name !== undefined) return { name, isSet: true, holds };
  if (holds !== "") return { name: clientVariable, isSet: false, holds };
  if (users.length > 0) {
    return { name: userVariable, isSet: false, holds: "name:password of a user", isPassword: true };
  }
  return certificates.length > 0
    ? "certificate"
    : { name: clientVariable, isSet: false, holds: "a key, of which there is none yet" };
}
