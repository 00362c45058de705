/** Finds an environment variable that holds a caller's key, for the commands that `serve` prints. */

import { createHash } from "node:crypto";
import type { Settings } from "#config/settings.ts";
import type { Environment } from "#yaml/source.ts";
import type { KeyVariable } from "./banner.ts";

/** The variable that clients of the gateway read their key from. */
const clientVariable = "POLYGATE_API_KEY";

/** The first variable that holds one of the keys; else the one that the reader should set. */
export function keyVariable(env: Environment, keys: Settings["auth"]["keys"]): KeyVariable {
  const known = new Set(keys.map(({ sha256 }) => sha256));
  const name = Object.keys(env).find((candidate) => {
    const text = env[candidate];
    if (!text || !/^[A-Za-z_]\w*$/.test(candidate)) return false;
    return known.has(createHash("sha256").update(text).digest("hex"));
  });
  return name === undefined ? { name: clientVariable, isSet: false } : { name, isSet: true };
}
