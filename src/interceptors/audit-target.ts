/** Notes what an operator's call is about, for the audit log: the names in its request, and no more of it. */

import type { Interceptor } from "@connectrpc/connect";
import { isSecretName } from "./captured-text.ts";
import { callRecordKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";

/** Names that are noted, and characters of each. */
const namesMax = 4;
const nameLengthMax = 128;

/** Runs before anybody is refused: what was denied has a target, too. */
export function auditTarget(): Interceptor {
  return (next) => (request) => {
    const { method, stream } = request;
    if (stream || methodFacts(method).requiredScope === "") return next(request);
    const message = request.message as unknown as Readonly<Record<string, unknown>>;
    const names = method.input.fields.flatMap(({ name, localName }) => {
      const value = message[localName];
      if (typeof value !== "string" || value === "" || isSecretName(name)) return [];
      return `${name}=${value.slice(0, nameLengthMax)}`;
    });
    if (names.length > 0) {
      request.contextValues.get(callRecordKey).target = names.slice(0, namesMax).join(" ");
    }
    return next(request);
  };
}
