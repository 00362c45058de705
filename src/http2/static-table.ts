/** The static table of HPACK (RFC 7541 appendix A) and how a field of this project is best represented. */

import { Field } from "./field.ts";

const rows: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** The entries, from index 1 on. */
export const staticFields: readonly Field[] = rows.map(([name, value]) => new Field(name, value));

/** Index of the first entry of the dynamic table. */
export const firstDynamicIndex = staticFields.length + 1;

/** How the encoder represents a name's values. */
export type IndexPolicy =
  /** Enters the dynamic table. */
  | "index"
  /** Differs from message to message: a value enters only to have its name there. */
  | "volatile"
  /** A secret: never in a table, and no hop may put it there (RFC 7541 §7.1.3). */
  | "never";

const secret = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
];

const volatile = [
  "age",
  "content-length",
  "content-range",
  "date",
  "etag",
  "expires",
  "grpc-message",
  "grpc-status-details-bin",
  "grpc-timeout",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "range",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "traceparent",
  "tracestate",
  "x-correlation-id",
  "x-polygate-overhead-ms",
  "x-request-id",
];

/** What is known beforehand of a name. */
export interface KnownName {
  /** Lowest static index with this name; 0 when there is none. */
  readonly index: number;
  /** Static index by value. */
  readonly values: ReadonlyMap<string, number>;
  readonly policy: IndexPolicy;
}

function knownName(name: string): KnownName {
  const values = new Map<string, number>();
  for (const [row, field] of staticFields.entries()) {
    if (field.name === name) values.set(field.value, row + 1);
  }
  const policy = secret.includes(name) ? "never" : volatile.includes(name) ? "volatile" : "index";
  return { index: values.values().next().value ?? 0, values, policy };
}

const names = new Set([...rows.map(([name]) => name), ...secret, ...volatile]);

/** Names of the static table and names with a policy of their own. */
export const knownNames: ReadonlyMap<string, KnownName> = new Map(
  [...names].map((name) => [name, knownName(name)]),
);

/** What holds for every other name. */
export const unknownName: KnownName = { index: 0, values: new Map(), policy: "index" };
