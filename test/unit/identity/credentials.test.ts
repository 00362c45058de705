/** Stores of credentials one after the other: who is asked, and what a key of the settings may. */

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { digestStore } from "#identity/credentials.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

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
