/** Which settings are shown to administrators as they are, and which are not: whatever may hold a secret. Pure. */

import { redacted, withoutCredentials } from "#core/redact.ts";
import type { JsonSchema } from "#yaml/json-schema.ts";

/**
 * Keys whose free text is no secret. Any other free text is not shown, so that a new setting is
 * hidden until somebody has judged it.
 */
const plainKeys: ReadonlySet<string> = new Set([
  ...["affinity", "aliases", "allowed_hosts", "audience", "body", "ca_file", "cached", "cert_file"],
  ...["common_name", "credentials_file", "default_model", "delete", "dns", "email", "environment"],
  ...["fallback", "folder", "get", "group", "headers", "host", "identity_key_file", "issuer"],
  ...["ignored_query_parameters", "jwks_file", "key_file", "kind", "location", "match", "methods"],
  ...["model", "models", "module", "name", "origins", "output", "patch", "path", "post"],
  ...["preferred", "project", "provider", "public_key_file", "put", "response_body", "routes"],
  ...["scope_prefix", "scopes", "selector", "server_name", "servers", "tags", "to"],
  ...["trusted_proxies", "uri"],
]);

/** Keys of addresses. Their host is shown; user, password and query are not. */
const addressKeys: ReadonlySet<string> = new Set(["base_url", "cluster", "jwks_url", "url"]);

/** Addresses whose paths are shown: those of others may be a secret, such as a webhook's. */
const pathKeys: ReadonlySet<string> = new Set(["base_url", "jwks_url"]);

/** Free text is what is neither a number nor one of a few words, nor a duration, a size and the like. */
function isFree(schema: JsonSchema | undefined): boolean {
  if (schema === undefined) return true;
  if (schema.enum !== undefined || (schema.title !== undefined && schema.title !== ""))
    return false;
  const ways = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (ways.length > 0) return ways.some(isFree);
  const types = [schema.type ?? "string"].flat();
  return types.every((type) => type === "string" || type === "object" || type === "array");
}

/** Whether the value of a key is an address. */
export function isAddress(key: string): boolean {
  return addressKeys.has(key);
}

/** An address without user, password and query, and without a path that may be a secret. */
export function addressText(written: string, key: string, isFilled: boolean): string {
  const hasPath = pathKeys.has(key) && !isFilled;
  if (!URL.canParse(written)) return redacted;
  const { protocol, host, pathname, search } = new URL(written);
  if (host === "") return redacted;
  const isWhole = pathname === "" || pathname === "/";
  const path = hasPath || isWhole ? pathname.replace(/\/$/, "") : `/${redacted}`;
  return withoutCredentials(`${protocol}//${host}${path}`) + (search === "" ? "" : `?${redacted}`);
}

/** What of a value is shown. */
export interface ShownFacts {
  /** The last key of its path that is a name. */
  readonly key: string;
  /** What the setting takes; absent: unknown. */
  readonly schema: JsonSchema | undefined;
  /** Something in it came from a file or a variable that it names. */
  readonly isFilled: boolean;
}

/** The text of a value; `[redacted]` for one that may be a secret. */
export function shownValue(value: unknown, { key, schema, isFilled }: ShownFacts): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "null";
  if (isAddress(key)) return addressText(value, key, isFilled);
  if (!isFree(schema)) return value;
  return plainKeys.has(key) && !isFilled ? withoutCredentials(value) : redacted;
}
