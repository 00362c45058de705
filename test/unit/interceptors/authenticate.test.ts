import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { authentication } from "#interceptors/authenticate.ts";
import { authorize } from "#interceptors/authorize.ts";
import { principalKey } from "#interceptors/context.ts";
import { callerOf, callRecord, rejection } from "../../support/call.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const keys = [
  { name: "reader", sha256: sha256("reader-key"), scopes: [] },
  { name: "operator", sha256: sha256("operator-key"), scopes: ["admin"] },
];

function caller(options: { enabled: boolean; anonymousScopes?: readonly string[] }) {
  const seen: string[] = [];
  const { enabled, anonymousScopes = [] } = options;
  const call = callerOf(
    (router) => {
      router.service(HealthService, { getHealth: () => ({ status: "healthy" }) });
      router.service(ModelsService, {
        listModels: (_request, { values }) => {
          seen.push(values.get(principalKey).id);
          return {};
        },
        unloadModel: () => ({}),
      });
    },
    [authentication({ enabled, keys, anonymousScopes }).interceptor, authorize()],
  );
  return { call, seen };
}

const { listModels, unloadModel } = ModelsService.method;

describe("with auth on", () => {
  const rows = [
    { name: "a bearer token is known", header: { authorization: "Bearer reader-key" } },
    { name: "the scheme's case does not matter", header: { authorization: "bEARER reader-key" } },
    { name: "an API key is known", header: { "x-api-key": "reader-key" } },
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
    expect(seen).toEqual([]);
  });

  test("an unknown credential is refused, and its text is not in the error", async () => {
    const { call } = caller({ enabled: true });
    const header = { authorization: "Bearer not-a-key" };
    const error = await rejection(call(listModels, {}, { header }));
    expect(reasonOf(error)).toBe("CREDENTIAL_INVALID");
    const sent = error.details.map((detail) => ("value" in detail ? detail.value : detail));
    expect(inspect([error.message, sent], { depth: 8 })).not.toContain("not-a-key");
  });

  test("a public method needs no credential", async () => {
    const { call } = caller({ enabled: true });
    const { message } = await call(HealthService.method.getHealth, {});
    expect(message).toMatchObject({ status: "healthy" });
  });

  test("a method with a scope refuses a principal without it, naming the scope", async () => {
    const { call } = caller({ enabled: true });
    const header = { "x-api-key": "reader-key" };
    const error = await rejection(call(unloadModel, { model: "m" }, { header }));
    expect([error.code, reasonOf(error)]).toEqual([Code.PermissionDenied, "SCOPE_REQUIRED"]);
    expect(error.rawMessage).toContain('"admin"');
  });

  test("a method with a scope takes a principal that has it", async () => {
    const { call } = caller({ enabled: true });
    await call(unloadModel, { model: "m" }, { header: { "x-api-key": "operator-key" } });
  });
});

describe("with auth off", () => {
  test("everybody is anonymous, credentials are not looked at", async () => {
    const { call, seen } = caller({ enabled: false });
    await call(listModels, {}, { header: { authorization: "Bearer whatever" } });
    expect(seen).toEqual(["anonymous"]);
  });

  test("a method with a scope is refused unless everybody was given it", async () => {
    const error = await rejection(caller({ enabled: false }).call(unloadModel, { model: "m" }));
    expect(reasonOf(error)).toBe("SCOPE_REQUIRED");
    await caller({ enabled: false, anonymousScopes: ["admin"] }).call(unloadModel, { model: "m" });
  });
});
