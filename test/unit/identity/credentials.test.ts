/** Stores of credentials one after the other: who is asked, and what a key of the settings may. */

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { type CredentialStore, digestStore, type Found, inTurn } from "#identity/credentials.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

function storeOf(
  credential: string,
  id: string,
  isLate: boolean,
  asked: string[],
): CredentialStore {
  return {
    find(wanted) {
      asked.push(id);
      const found: Found | undefined =
        wanted === credential
          ? { principal: { id, authenticated: true, scopes: new Set() } }
          : undefined;
      return isLate ? Promise.resolve(found) : found;
    },
  };
}

test.each([
  ["one", "first", ["first"]],
  ["two", "second", ["first", "second"]],
  ["three", "third", ["first", "second", "third"]],
  ["none", undefined, ["first", "second", "third"]],
])("the credential %s is found by %s: nobody after that is asked", async (credential, id, who) => {
  const asked: string[] = [];
  const store = inTurn([
    storeOf("one", "first", false, asked),
    storeOf("two", "second", true, asked),
    storeOf("three", "third", false, asked),
  ]);
  expect((await store.find(credential))?.principal.id).toBe(id);
  expect(asked).toEqual(who);
});

test("what is at hand is given without a promise", () => {
  const store = inTurn([storeOf("one", "first", false, []), storeOf("two", "second", false, [])]);
  expect(store.find("two")).not.toBeInstanceOf(Promise);
});

test("a key of the settings has the models, routes, group and allowance that they give it", async () => {
  const limits = {
    ...{ models: ["m*"], routes: ["/v1/"], tags: ["t"] },
    ...{ allowance: { burst: 2 }, group: { id: "team" } },
  };
  const store = digestStore([
    { name: "ci", sha256: sha256("secret"), scopes: ["route"], ...limits },
  ]);
  expect((await store.find("secret"))?.principal).toEqual({
    ...{ id: "ci", authenticated: true, scopes: new Set(["route"]) },
    ...limits,
  });
});
