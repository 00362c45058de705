/** The digest by which keys and secrets are compared and stored. */

import { hash } from "node:crypto";

/** SHA-256 in 64 hex digits. */
export function sha256Hex(text: string | Uint8Array): string {
  return hash("sha256", text, "hex");
}
