/** How a core learns who calls: nothing, plain headers, or one signed token. */

import { createHmac, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import type { Caller } from "./backend.ts";

/** Header fields, and metadata of gRPC. */
export type CallerFields = readonly (readonly [name: string, value: string])[];

/** The fields that tell a core who calls. */
export type TellCaller = (caller: Caller) => CallerFields;

/** What signs: a secret (HS256), or an Ed25519 private key in PEM (EdDSA). */
export type CallerSigner =
  | { readonly secret: KeyObject }
  | { readonly privateKey: string | Buffer };

/** How long a token that names a caller is good, in seconds. */
export const callerTokenSeconds = 60;
/** Tokens that are kept, each for half of its time. */
const keptMax = 1000;

/** Visible ASCII without `%`; all else is percent-encoded, as UTF-8. */
function escaped(text: string): string {
  return text.toWellFormed().replace(/[^\x21-\x24\x26-\x7e]/gu, encodeURIComponent);
}

/** `x-polygate-principal`, `x-polygate-scopes` and, where there is one, `x-polygate-group`. */
export const plainCaller: TellCaller = ({ id, scopes, group }) => [
  ["x-polygate-principal", escaped(id)],
  ["x-polygate-scopes", [...scopes].map(escaped).join(" ")],
  ...(group === undefined ? [] : [["x-polygate-group", escaped(group.id)] as const]),
];

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function signer(by: CallerSigner): { readonly alg: string; of(text: string): Buffer } {
  if ("secret" in by) {
    return { alg: "HS256", of: (text) => createHmac("sha256", by.secret).update(text).digest() };
  }
  const key: KeyObject = createPrivateKey(by.privateKey);
  return { alg: "EdDSA", of: (text) => sign(null, Buffer.from(text), key) };
}

/**
 * `x-polygate-identity`: a token (JWT) for cores alone. Its type and audience keep it from being taken
 * for a caller's own. Signed here and not by jose, whose promises would cost every call.
 */
export function signedCaller(by: CallerSigner, clock: Pick<Clock, "nowMs" | "wallMs">): TellCaller {
  const { alg, of } = signer(by);
  const head = encoded({ alg, typ: "polygate-identity+jwt" });
  const kept = new LRUCache<Caller, { readonly fields: CallerFields; readonly untilMs: number }>({
    max: keptMax,
  });
  return (caller) => {
    const nowMs = clock.nowMs();
    const before = kept.get(caller);
    if (before !== undefined && before.untilMs > nowMs) return before.fields;
    const iat = Math.floor(clock.wallMs() / 1000);
    const claims = {
      ...{ iss: "polygate", aud: "polygate-core", sub: caller.id },
      scope: [...caller.scopes].join(" "),
      ...(caller.group === undefined ? {} : { group: caller.group.id }),
      ...{ iat, exp: iat + callerTokenSeconds },
    };
    const text = `${head}.${encoded(claims)}`;
    const token = `${text}.${of(text).toString("base64url")}`;
    const fields: CallerFields = [["x-polygate-identity", token]];
    kept.set(caller, { fields, untilMs: nowMs + (callerTokenSeconds * 1000) / 2 });
    return fields;
  };
}
