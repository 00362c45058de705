/** Where calls come in: what one listener or route has found of a credential lets nobody in at another. */

import { createHash } from "node:crypto";
import { createContextValues } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { KeysService } from "#gen/polygate/v1/keys_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { type CredentialKind, generalAccess, type RouteAccess } from "#identity/access.ts";
import { chainStores } from "#identity/credential-chain.ts";
import { digestStore } from "#identity/credentials.ts";
import { authentication } from "#interceptors/authenticate.ts";
import { authorize } from "#interceptors/authorize.ts";
import { principalKey } from "#interceptors/context.ts";
import { callerOf, callRecord } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const everywhere = { enabled: true, anonymousScopes: [] };
const all = generalAccess(everywhere);
const taking = (...accepts: CredentialKind[]) => ({ ...all, accepts });
const onRoute = (match: string, facts: Partial<RouteAccess> = {}): RouteAccess => ({
  ...all,
  ...facts,
  match,
});

/** A gateway of four listeners, on which a key and a token are known that both look like tokens. */
function gateway() {
  const found: string[] = [];
  const sha256 = createHash("sha256").update("eyJkey").digest("hex");
  const known = digestStore([{ name: "key", sha256, scopes: ["admin"] }]);
  const store = chainStores({
    keys: [
      {
        find(credential) {
          found.push(`key ${credential}`);
          return known.find(credential);
        },
      },
    ],
    tokens: {
      isToken: (credential) => credential.startsWith("eyJ"),
      store: {
        find(credential) {
          found.push(`token ${credential}`);
          if (credential !== "eyJtoken") return undefined;
          return { principal: { id: "token", authenticated: true, scopes: new Set<string>() } };
        },
      },
    },
  });
  const access = {
    all,
    tokens: taking("token"),
    keys: taking("key"),
    routes: {
      ...all,
      routes: [
        onRoute("/polygate.v1.ModelsService/GetModel", { accepts: ["key"] }),
        onRoute("/polygate.v1.ModelsService/*", { isPublic: true }),
        onRoute("/polygate.v1.KeysService/*", { isPublic: true }),
      ],
    },
    off: { ...all, enabled: false, anonymousScopes: ["admin"] },
  };
  const auth = authentication(
    { ...everywhere, access, keys: [], failuresPerMinute: 3 },
    createManualClock(),
    store,
  );
  const call = callerOf(
    (router) => {
      const id = (_request: unknown, { values }: { values: typeof contextValues }) => {
        seen.push(values.get(principalKey).id);
        return {};
      };
      router.service(ModelsService, { listModels: id, getModel: id } as never);
      router.service(KeysService, { listKeys: id } as never);
    },
    [auth.interceptor, authorize()],
  );
  const contextValues = createContextValues();
  const seen: string[] = [];
  const { listModels, getModel } = ModelsService.method;
  const methods = { listModels, getModel, listKeys: KeysService.method.listKeys };
  /** The name of the caller, or the reason of the refusal. */
  const by = async (
    listener: keyof typeof access | "unnamed",
    credential = "",
    method: keyof typeof methods = "listModels",
  ) => {
    const header: Record<string, string> =
      credential === "" ? {} : { authorization: `Bearer ${credential}` };
    try {
      const record = callRecord({ listener, clientAddress: "192.0.2.1" });
      await call(methods[method], {}, { header, record });
      return seen.at(-1);
    } catch (thrown) {
      return reasonOf(faultFrom(thrown));
    }
  };
  return { by, found };
}

test("what is known and remembered on one listener is unknown on one that does not take its kind", async () => {
  const { by } = gateway();
  for (let time = 0; time < 2; time += 1) {
    expect(await by("all", "eyJtoken")).toBe("token");
    expect(await by("tokens", "eyJtoken")).toBe("token");
    expect(await by("all", "eyJkey")).toBe("key");
  }
  expect(await by("keys", "eyJtoken")).toBe("CREDENTIAL_INVALID");
  expect(await by("tokens", "eyJkey")).toBe("CREDENTIAL_INVALID");
  expect(await by("keys", "eyJkey")).toBe("key");
  expect(await by("tokens", "eyJtoken")).toBe("token");
});

test("a store of a kind that is not taken is not asked", async () => {
  const { by, found } = gateway();
  await by("tokens", "eyJkey");
  expect(found).toEqual(["token eyJkey"]);
  await by("keys", "eyJtoken");
  expect(found).toEqual(["token eyJkey", "key eyJtoken"]);
});

test("guesses count against an address over all listeners together", async () => {
  const { by } = gateway();
  await by("all", "wrong");
  await by("tokens", "eyJwrong");
  await by("keys", "wrong");
  expect(await by("routes", "wrong")).toBe("ATTEMPTS_LIMITED");
});

test("a public route lets in who sends nothing, where no scope is needed, and no wrong credential", async () => {
  const { by } = gateway();
  expect(await by("routes")).toBe("anonymous");
  expect(await by("routes", "eyJtoken")).toBe("token");
  expect(await by("routes", "wrong")).toBe("CREDENTIAL_INVALID");
  expect(await by("routes", "", "listKeys")).toBe("CREDENTIAL_MISSING");
  expect(await by("routes", "eyJkey", "listKeys")).toBe("key");
  expect(await by("all")).toBe("CREDENTIAL_MISSING");
});

test("the first route that fits holds", async () => {
  const { by } = gateway();
  expect(await by("routes", "", "getModel")).toBe("CREDENTIAL_MISSING");
  expect(await by("routes", "eyJtoken", "getModel")).toBe("CREDENTIAL_INVALID");
  expect(await by("routes", "eyJkey", "getModel")).toBe("key");
});

test("where auth is off everybody is anonymous, with the rights of that listener", async () => {
  const { by } = gateway();
  expect(await by("off", "", "listKeys")).toBe("anonymous");
  expect(await by("off", "eyJkey", "listKeys")).toBe("anonymous");
});

test("a listener of which nothing is said asks for what all do", async () => {
  const { by } = gateway();
  expect(await by("unnamed", "eyJtoken")).toBe("token");
  expect(await by("unnamed")).toBe("CREDENTIAL_MISSING");
});
