/** A Google service account: its key file, and the assertions that it signs (RFC 7523). Pure. */

import { createPrivateKey, type KeyObject, sign } from "node:crypto";

/** What of a key file counts. The key has no text, so that no log can show it. */
export interface ServiceAccount {
  readonly email: string;
  readonly keyId: string;
  readonly key: KeyObject;
  /** Where assertions are exchanged for access tokens. */
  readonly tokenUri: string;
  /** The project that it belongs to; empty when the file does not say. */
  readonly project: string;
}

/** How long an assertion holds; Google takes no longer ones. */
const assertionSeconds = 3_600;
const scope = "https://www.googleapis.com/auth/cloud-platform";

/** Tokens are sent to Google over TLS alone, but for servers on this machine. */
function isTokenUri(written: string): boolean {
  const url = URL.parse(written);
  if (url === null || url.username !== "" || url.password !== "") return false;
  const isHere = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isHere);
}

function privateKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a key file, or says what is wrong with it, without any of its text. */
export function readServiceAccount(text: string): ServiceAccount | string {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return "is no JSON";
  }
  const field = (name: string): string => {
    const value =
      typeof file === "object" && file !== null && Object.hasOwn(file, name)
        ? (file as Record<string, unknown>)[name]
        : undefined;
    return typeof value === "string" ? value : "";
  };
  if (field("type") !== "service_account") return "is not the key of a service account";
  if (field("client_email") === "") return "has no client_email";
  const tokenUri = field("token_uri");
  if (!isTokenUri(tokenUri)) return "has no token_uri that begins with https://";
  const key = privateKey(field("private_key"));
  if (key === undefined) return "has no private_key of RSA that can be read";
  return {
    email: field("client_email"),
    keyId: field("private_key_id"),
    key,
    tokenUri,
    project: field("project_id"),
  };
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A signed JWT (RS256) that asks for an access token; `wallMs` is now. */
export function assertionOf({ email, keyId, key, tokenUri }: ServiceAccount, wallMs: number) {
  const iat = Math.floor(wallMs / 1_000);
  const header = { alg: "RS256", typ: "JWT", ...(keyId === "" ? {} : { kid: keyId }) };
  const claims = { iss: email, scope, aud: tokenUri, iat, exp: iat + assertionSeconds };
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}
