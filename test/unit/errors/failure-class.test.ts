/** Each reason belongs to one class, and the classes decide what may be tried again where. */

import { expect, test } from "vitest";
import { failureClassOf, isKeysFault, mayPass } from "#errors/failure-class.ts";
import { type Reason, reasons } from "#errors/reason.ts";

const names = Object.keys(reasons) as Reason[];

test("what may pass on the same endpoint may be tried elsewhere", () => {
  for (const reason of names.filter(mayPass)) expect(reasons[reason].retryable, reason).toBe(true);
});

test("every reason that another endpoint may mend has a class that a fallback can name", () => {
  for (const reason of names) {
    if (reasons[reason].retryable) expect(failureClassOf(reason), reason).not.toBe("client");
  }
});

test("only three reasons are the key's fault", () => {
  expect(new Set(names.filter(isKeysFault))).toEqual(
    new Set(["BACKEND_CREDENTIAL", "BACKEND_QUOTA", "BACKEND_RATE_LIMITED"]),
  );
});

test("a refused key, a used-up account, a core at its limit and what a server cannot do do not pass with a pause", () => {
  expect(new Set(names.filter((name) => reasons[name].retryable && !mayPass(name)))).toEqual(
    new Set([
      "BACKEND_CREDENTIAL",
      "BACKEND_MODEL_MISSING",
      "BACKEND_UNAUTHENTICATED",
      "BACKEND_QUOTA",
      "OPERATION_UNSUPPORTED",
      "OVERLOADED",
    ]),
  );
});
