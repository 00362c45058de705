import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { fault, reasonOf } from "#errors/fault.ts";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import type { CredentialScheme, Principal } from "#identity/credentials.ts";
import { authentication } from "#interceptors/authenticate.ts";
import { authorize } from "#interceptors/authorize.ts";
import { principalKey, valuesOf, vendorCredentialKey } from "#interceptors/context.ts";
import type { VendorCredential } from "#interceptors/vendor-credential.ts";
import { callerOf, callRecord, rejection } from "../../support/call.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const keys = [
  { name: "reader", sha256: sha256("reader-key"), scopes: [] },
  { name: "operator", sha256: sha256("operator-key"), scopes: ["admin"] },
];

function caller(options: {
  enabled: boolean;
  anonymousScopes?: readonly string[];
  failuresPerMinute?: number;
  forwardsCredentials?: boolean;
}) {
  const seen: string[] = [];
  const vendors: (VendorCredential | undefined)[] = [];
  const principals: Principal[] = [];
  const clock = createManualClock();
  const own = { keys, anonymousScopes: [], failuresPerMinute: 30, ...options };
  const auth = authentication(own, clock);
  const call = callerOf(
    (router) => {
      router.service(HealthService, { getHealth: () => ({ status: "healthy" }) });
      router.service(ModelsService, {
        listModels: (_request, { values }) => {
          seen.push(values.get(principalKey).id);
          principals.push(values.get(principalKey));
          vendors.push(values.get(vendorCredentialKey));
          return {};
        },
        unloadModel: () => ({}),
      });
    },
    [auth.interceptor, authorize()],
  );
  return { call, seen, principals, vendors, clock, auth };
}

const { listModels, unloadModel } = ModelsService.method;

describe("with auth on", () => {
  const rows = [
    { name: "a bearer token is known", header: { authorization: "Bearer reader-key" } },
    { name: "the scheme's case does not matter", header: { authorization: "bEARER reader-key" } },
    {
      name: "spaces behind the scheme do not matter",
      header: { authorization: "Bearer   reader-key" },
    },
    { name: "an API key is known", header: { "x-api-key": "reader-key" } },
    {
      name: "an API key as Google's clients send it is known",
      header: { "x-goog-api-key": "reader-key" },
    },
    {
      name: "a bearer token counts before API keys",
      header: { authorization: "Bearer reader-key", "x-api-key": "operator-key" },
    },
  ] as const;
  for (const { name, header } of rows) {
    test(name, async () => {
      const { call, seen } = caller({ enabled: true });
      const record = callRecord();
      await call(listModels, {}, { header, record });
      expect(seen).toEqual(["reader"]);
      expect(record.principal).toBe("reader");
    });
  }

  test("a call without credential is refused with CREDENTIAL_MISSING", async () => {
    const { call, seen } = caller({ enabled: true });
    const error = await rejection(call(listModels, {}));
    expect([error.code, reasonOf(error)]).toEqual([Code.Unauthenticated, "CREDENTIAL_MISSING"]);
    expect(error.rawMessage).toContain("Authorization: Bearer <key>");
    expect(seen).toEqual([]);
  });

  test.each(["Basic reader-key", "NotBearer reader-key", "Bearer reader-key more", "Bearer", ""])(
    "%j is no credential",
    async (authorization) => {
      const { call } = caller({ enabled: true });
      const error = await rejection(call(listModels, {}, { header: { authorization } }));
      expect(reasonOf(error)).toBe("CREDENTIAL_MISSING");
    },
  );

  test("an unknown credential is refused, and its text is not in the error", async () => {
    const { call } = caller({ enabled: true });
    const header = { authorization: "Bearer not-a-key" };
    const error = await rejection(call(listModels, {}, { header }));
    expect(reasonOf(error)).toBe("CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain("credential");
    const sent = error.details.map((detail) => ("value" in detail ? detail.value : detail));
    expect(inspect([error.message, sent], { depth: 8 })).not.toContain("not-a-key");
  });

  test("a public method needs no credential", async () => {
    const { call } = caller({ enabled: true });
    const { message } = await call(HealthService.method.getHealth, {});
    expect(message).toMatchObject({ status: "healthy" });
  });

  test("whoever has a key is authenticated, with the key's scopes and no others", async () => {
    const { call, principals } = caller({ enabled: true, anonymousScopes: ["other"] });
    for (const key of ["reader-key", "operator-key"]) {
      await call(listModels, {}, { header: { "x-api-key": key } });
    }
    expect(principals).toEqual([
      { id: "reader", authenticated: true, scopes: new Set() },
      { id: "operator", authenticated: true, scopes: new Set(["admin"]) },
    ]);
  });

  test("a public method takes a call with a wrong credential, as anybody's", async () => {
    const { call } = caller({ enabled: true, anonymousScopes: ["admin"] });
    const record = callRecord();
    const header = { authorization: "Bearer not-a-key" };
    await call(HealthService.method.getHealth, {}, { header, record });
    expect(record.principal).toBe("anonymous");
  });

  test("a method with a scope refuses a principal without it, naming the scope", async () => {
    const { call } = caller({ enabled: true });
    const header = { "x-api-key": "reader-key" };
    const error = await rejection(call(unloadModel, { model: "m" }, { header }));
    expect([error.code, reasonOf(error)]).toEqual([Code.PermissionDenied, "SCOPE_REQUIRED"]);
    expect(error.rawMessage).toBe('UnloadModel needs the scope "admin"');
    expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({ scope: "admin" });
  });

  test("a method with a scope takes a principal that has it", async () => {
    const { call } = caller({ enabled: true });
    await call(unloadModel, { model: "m" }, { header: { "x-api-key": "operator-key" } });
  });
});

describe("too many unknown credentials of an address", () => {
  /** Calls with a key from an address; resolves to how that went. */
  function attempts(failuresPerMinute: number) {
    const { call, clock } = caller({ enabled: true, failuresPerMinute });
    const attempt = async (key: string, clientAddress = "192.0.2.1") => {
      const header = { authorization: `Bearer ${key}` };
      const facts = { header, record: callRecord({ clientAddress }) };
      return await call(listModels, {}, facts).then(
        () => "OK",
        (error) => reasonOf(error),
      );
    };
    return { attempt, call, clock };
  }
  const fail = async (attempt: (key: string) => Promise<unknown>, times: number) => {
    for (let time = 0; time < times; time++) {
      expect(await attempt(`wrong-${time}`)).toBe("CREDENTIAL_INVALID");
    }
  };

  test("are refused from there on, with the time to wait, and again one by one", async () => {
    const { attempt, call, clock } = attempts(5);
    await fail(attempt, 5);
    for (let time = 0; time < 25; time++) expect(await attempt("wrong")).toBe("ATTEMPTS_LIMITED");
    const header = { authorization: "Bearer wrong" };
    const record = callRecord({ clientAddress: "192.0.2.1" });
    const error = await rejection(call(listModels, {}, { header, record }));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toContain("too many unknown credentials");
    const [retry] = error.findDetails(RetryInfoSchema);
    expect(retry?.retryDelay).toMatchObject({ seconds: 12n, nanos: 0 });
    await clock.advance(12_000);
    expect(await attempt("wrong")).toBe("CREDENTIAL_INVALID");
    expect(await attempt("wrong")).toBe("ATTEMPTS_LIMITED");
  });

  test("stop no key that was used from there before, and any other, so that guesses find nothing", async () => {
    const { attempt } = attempts(2);
    expect(await attempt("reader-key")).toBe("OK");
    expect(await attempt("operator-key", "192.0.2.2")).toBe("OK");
    await fail(attempt, 2);
    expect(await attempt("reader-key")).toBe("OK");
    expect(await attempt("operator-key")).toBe("ATTEMPTS_LIMITED");
    expect(await attempt("operator-key", "192.0.2.2")).toBe("OK");
  });

  test("count for a network of IPv6, and for no other address", async () => {
    const { attempt } = attempts(1);
    expect(await attempt("wrong", "2001:db8::1")).toBe("CREDENTIAL_INVALID");
    expect(await attempt("wrong", "2001:db8::2")).toBe("ATTEMPTS_LIMITED");
    expect(await attempt("wrong", "2001:db8:0:1::1")).toBe("CREDENTIAL_INVALID");
    expect(await attempt("wrong", "192.0.2.9")).toBe("CREDENTIAL_INVALID");
  });

  test("are remembered of so many addresses only, those that failed last", async () => {
    const { attempt } = attempts(1);
    expect(await attempt("wrong", "first")).toBe("CREDENTIAL_INVALID");
    for (let at = 0; at < 9_999; at++) await attempt("wrong", `address-${at}`);
    expect(await attempt("wrong", "first")).toBe("ATTEMPTS_LIMITED");
    for (let at = 0; at < 10_000; at++) await attempt("wrong", `another-${at}`);
    expect(await attempt("wrong", "first")).toBe("CREDENTIAL_INVALID");
  });

  test("are forgiven a key only where it was among the last thousand addresses that it came from", async () => {
    const { attempt } = attempts(1);
    expect(await attempt("reader-key", "first")).toBe("OK");
    expect(await attempt("reader-key", "second")).toBe("OK");
    for (let at = 0; at < 999; at++) await attempt("reader-key", `address-${at}`);
    for (const address of ["first", "second"]) {
      expect(await attempt("wrong", address)).toBe("CREDENTIAL_INVALID");
    }
    expect(await attempt("reader-key", "second")).toBe("OK");
    expect(await attempt("reader-key", "first")).toBe("ATTEMPTS_LIMITED");
  });

  test("are none where no key is missing: calls without one do not count, nor does a limit of 0", async () => {
    const { call, attempt } = attempts(1);
    for (let time = 0; time < 3; time++) {
      const record = callRecord({ clientAddress: "192.0.2.1" });
      const error = await rejection(call(listModels, {}, { record }));
      expect(reasonOf(error)).toBe("CREDENTIAL_MISSING");
    }
    expect(await attempt("wrong")).toBe("CREDENTIAL_INVALID");
    await fail(attempts(0).attempt, 100);
  });
});

describe("admission, ahead of a call's body", () => {
  const { getHealth } = HealthService.method;
  const withKey = (key: string, clientAddress = "192.0.2.1") => ({
    header: new Headers({ "x-api-key": key }),
    values: valuesOf(callRecord({ clientAddress })),
  });

  test("is for whoever the method will take: known callers, and anybody where it is public", () => {
    const { auth } = caller({ enabled: true });
    expect(auth.admits(listModels, withKey("reader-key"))).toBe(true);
    expect(auth.admits(listModels, withKey("wrong"))).toBe(false);
    expect(auth.admits(getHealth, withKey("wrong"))).toBe(true);
    expect(caller({ enabled: false }).auth.admits(listModels, withKey("wrong"))).toBe(true);
  });

  test("counts a wrong key once, however often the call is asked about", () => {
    const { auth } = caller({ enabled: true, failuresPerMinute: 2 });
    const wrong = withKey("wrong");
    for (let time = 0; time < 10; time++) expect(auth.admits(listModels, wrong)).toBe(false);
    expect(auth.admits(listModels, withKey("reader-key"))).toBe(true);
  });

  test("is not for an address that has sent too many wrong keys", () => {
    const { auth } = caller({ enabled: true, failuresPerMinute: 1 });
    expect(auth.admits(listModels, withKey("wrong"))).toBe(false);
    expect(auth.admits(listModels, withKey("reader-key"))).toBe(false);
    expect(auth.admits(listModels, withKey("reader-key", "192.0.2.2"))).toBe(true);
  });
});

describe("with auth off", () => {
  test("everybody is anonymous, credentials are not looked at", async () => {
    const { call, seen, principals } = caller({ enabled: false });
    await call(listModels, {}, { header: { authorization: "Bearer whatever" } });
    expect(seen).toEqual(["anonymous"]);
    expect(principals).toEqual([{ id: "anonymous", authenticated: false, scopes: new Set() }]);
  });

  test("a method with a scope is refused unless everybody was given it", async () => {
    const error = await rejection(caller({ enabled: false }).call(unloadModel, { model: "m" }));
    expect(reasonOf(error)).toBe("SCOPE_REQUIRED");
    expect(error.rawMessage).toContain("set API_KEY, or auth.anonymous_scopes: [admin]");
    await caller({ enabled: false, anonymousScopes: ["admin"] }).call(unloadModel, { model: "m" });
  });
});

describe("a store that has to be asked", () => {
  const store = () => {
    const asked: string[] = [];
    return {
      asked,
      find: async (credential: string) => {
        asked.push(credential);
        if (credential !== "far-key") return undefined;
        const principal = { id: "far", authenticated: true, scopes: new Set<string>() };
        return { principal, validMs: 1_000 };
      },
    };
  };
  const options = { enabled: true, keys: [], anonymousScopes: [], failuresPerMinute: 30 };
  const withKey = (key: string) => ({
    header: new Headers({ "x-api-key": key }),
    values: valuesOf(callRecord()),
  });

  test("is waited for, once per call, and what it found holds as long as it says", async () => {
    const clock = createManualClock();
    const far = store();
    const auth = authentication(options, clock, far);
    const first = withKey("far-key");
    expect(await auth.admits(listModels, first)).toBe(true);
    expect(await auth.admits(listModels, first)).toBe(true);
    expect(auth.admits(listModels, withKey("far-key"))).toBe(true);
    expect(far.asked).toEqual(["far-key"]);
    await clock.advance(1_000);
    expect(await auth.admits(listModels, withKey("far-key"))).toBe(true);
    expect(far.asked).toEqual(["far-key", "far-key"]);
  });

  test("gives calls their principal, and refuses those whose key it does not know", async () => {
    const seen: string[] = [];
    const { interceptor } = authentication(options, createManualClock(), store());
    const call = callerOf(
      (router) => {
        router.service(ModelsService, {
          listModels: (_request, { values }) => {
            seen.push(values.get(principalKey).id);
            return {};
          },
        });
      },
      [interceptor],
    );
    await call(listModels, {}, { header: { "x-api-key": "far-key" } });
    expect(seen).toEqual(["far"]);
    const refused = call(listModels, {}, { header: { "x-api-key": "wrong" } });
    expect(reasonOf(await rejection(refused))).toBe("CREDENTIAL_INVALID");
  });

  test("is not asked for more credentials than an address may try", async () => {
    const far = store();
    const auth = authentication({ ...options, failuresPerMinute: 2 }, createManualClock(), far);
    for (let time = 0; time < 5; time++) await auth.admits(listModels, withKey(`wrong-${time}`));
    expect(far.asked).toEqual(["wrong-0", "wrong-1"]);
  });
});

describe("a name with a password", () => {
  const users = [{ name: "ann", passwordScrypt: "", scopes: [] }];
  const options = { enabled: true, keys, users, anonymousScopes: [], failuresPerMinute: 3 };
  const sent = (text: string) => ({
    header: new Headers({ authorization: `Basic ${text}` }),
    values: valuesOf(callRecord()),
  });

  /** Knows the password `right`, once it is let to answer. */
  function passwords() {
    const gate = Promise.withResolvers<void>();
    const asked: (readonly [string, string | undefined])[] = [];
    const store = {
      async find(credential: string, scheme?: CredentialScheme) {
        asked.push([credential, scheme]);
        await gate.promise;
        if (credential === "broken") throw fault("OVERLOADED", "too many");
        if (credential !== "right") return undefined;
        return { principal: { id: "user:ann", authenticated: true, scopes: new Set<string>() } };
      },
    };
    return {
      asked,
      release: gate.resolve,
      auth: authentication(options, createManualClock(), store),
    };
  }

  test("is looked for as such, and remembered", async () => {
    const { auth, asked, release } = passwords();
    release();
    expect(await auth.admits(listModels, sent("right"))).toBe(true);
    expect(auth.admits(listModels, sent("right"))).toBe(true);
    expect(asked).toEqual([["right", "basic"]]);
  });

  test("counts as a try before it is judged: guesses that come at once are no more than others", async () => {
    const { auth, asked, release } = passwords();
    const works = Array.from({ length: 50 }, (_, at) =>
      auth.admits(listModels, sent(`guess-${at}`)),
    );
    release();
    expect(await Promise.all(works)).toEqual(Array(50).fill(false));
    expect(asked).toHaveLength(3);
  });

  test("that was right, or could not be judged, is no try", async () => {
    const { auth, asked, release } = passwords();
    release();
    for (let time = 0; time < 10; time += 1) {
      expect(await auth.admits(listModels, sent("broken"))).toBe(false);
    }
    expect(await auth.admits(listModels, sent("right"))).toBe(true);
    for (let guess = 0; guess < 5; guess += 1)
      await auth.admits(listModels, sent(`guess-${guess}`));
    expect(asked).toHaveLength(14);
  });
});

describe("a store that cannot tell", () => {
  const thrown = fault("IDENTITY_UNAVAILABLE", "no keys");
  const rows = [
    {
      name: "at once",
      find: () => {
        throw thrown;
      },
    },
    { name: "later", find: () => Promise.reject(thrown) },
  ];
  test.each(rows)(
    "$name, is no reason to call a credential wrong, and public methods go on",
    async ({ find }) => {
      const options = { enabled: true, keys, anonymousScopes: [], failuresPerMinute: 1 };
      const { interceptor } = authentication(options, createManualClock(), { find });
      const call = callerOf(
        (router) => {
          router.service(HealthService, { getHealth: () => ({ status: "healthy" }) });
          router.service(ModelsService, { listModels: () => ({}) });
        },
        [interceptor],
      );
      const header = { authorization: "Bearer eyJ" };
      for (let time = 0; time < 3; time += 1) {
        const error = await rejection(call(listModels, {}, { header }));
        expect(reasonOf(error)).toBe("IDENTITY_UNAVAILABLE");
      }
      const { message } = await call(HealthService.method.getHealth, {}, { header });
      expect(message).toMatchObject({ status: "healthy" });
    },
  );
});

describe("a vendor's credential of the client's own", () => {
  const sent = { authorization: "Bearer sk-own" };

  test("goes with the call where providers are called with it", async () => {
    const { call, seen, vendors } = caller({ enabled: true, forwardsCredentials: true });
    await call(listModels, {}, { header: { ...sent, "x-polygate-key": "reader-key" } });
    await call(listModels, {}, { header: { "x-polygate-key": "reader-key" } });
    expect(seen).toEqual(["reader", "reader"]);
    expect(vendors).toEqual([{ header: "bearer", value: "sk-own" }, undefined]);
  });

  test("goes nowhere where that is not switched on", async () => {
    for (const options of [{ enabled: false }, { enabled: false, forwardsCredentials: false }]) {
      const { call, vendors } = caller(options);
      await call(listModels, {}, { header: sent });
      expect(vendors).toEqual([undefined]);
    }
  });
});
