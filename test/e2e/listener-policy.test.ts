/** Auth and limits of listeners on a whole gateway: what each asks for, tells of itself, and lets through. */

import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LimitsService } from "#gen/polygate/v1/limits_pb.js";
import { ConfigFolder, settingsOf } from "../support/config-folder.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { grpcTo } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const plain = "a-plain-key-that-is-long-enough";
/** Nobody calls with it before the settings change: buckets outlive that. */
const unused = "an-unused-key-that-is-long-enough";

const yamlOf = (inner: string) => `
listeners:
  - name: outer
    host: 127.0.0.1
    port: 0
    auth: { routes: [{ match: /api/v1/models, public: true }] }
    rate_limiting: { requests_per_minute: 0.001, burst: 4, clients: { requests_per_minute: 0.001, burst: 3 } }
  - { name: inner, host: 127.0.0.1, port: 0, auth: ${inner} }
  - { name: operators, host: 127.0.0.1, port: 0 }
auth:
  failures_per_minute: 0
  keys: [{ name: ops, key: ${admin}, scopes: [admin] }, { name: plain, key: ${plain} }, { name: unused, key: ${unused} }]
rate_limiting: { requests_per_minute: 0.001, burst: 2 }
`;

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ yaml: yamlOf("{ enabled: false }") });
}, 30_000);
afterAll(() => gateway[Symbol.asyncDispose]());

const get = (listener: string, path: string, key = "") =>
  fetch(`${gateway.urls[listener]}${path}`, {
    headers: key === "" ? {} : { authorization: `Bearer ${key}` },
  });

/** The status, and the reason of a refusal. */
async function outcome(listener: string, path: string, key = "") {
  const response = await get(listener, path, key);
  const { error } = (await response.json()) as { readonly error?: { readonly code: string } };
  return error === undefined ? response.status : `${response.status} ${error.code}`;
}

test("each says in words and in its document what it asks for", async () => {
  expect(gateway.gateway.facts().listeners.map(({ asks }) => asks)).toEqual([
    "asks for key; 1 rule for routes",
    "open to everybody, with scope route",
    "asks for key",
  ]);
  const documents = await Promise.all(
    ["outer", "inner", "operators"].map(async (listener) => {
      const document = await (await get(listener, "/openapi.json")).json();
      return document as {
        readonly security?: unknown;
        readonly paths: Readonly<Record<string, { readonly get: { readonly security: unknown } }>>;
      };
    }),
  );
  const either = [{ bearer: [] }, { apiKey: [] }];
  expect(documents.map(({ security }) => security)).toEqual([either, undefined, either]);
  expect(documents.map(({ paths }) => paths["/api/v1/models"]?.get.security)).toEqual([
    [{}, ...either],
    undefined,
    undefined,
  ]);
});

test("a listener's limits hold for it alone, and are read and filled by their names", async () => {
  const path = "/api/v1/routes-that-no-one-knows";
  expect(await outcome("outer", path)).toBe("404 ROUTE_UNKNOWN");
  // Three of a client's there, and two by any other listener.
  for (let call = 0; call < 3; call += 1) {
    expect(await outcome("outer", "/api/v1/models", plain)).toBe(200);
  }
  expect(await outcome("outer", "/api/v1/models", plain)).toBe("429 RATE_LIMITED");
  expect(await outcome("operators", "/api/v1/models", plain)).toBe(200);
  expect(await outcome("operators", "/api/v1/models", plain)).toBe(200);
  expect(await outcome("operators", "/api/v1/models", plain)).toBe("429 RATE_LIMITED");
  // The fourth of all there is somebody's who sends nothing; then the listener's own is used up.
  expect(await outcome("outer", "/api/v1/models")).toBe(200);
  const full = await get("outer", "/api/v1/models");
  expect(full.status).toBe(429);
  expect(await full.text()).toContain("the listener's limit of 0.001 requests per minute");

  const limits = createClient(LimitsService, grpcTo(gateway.urls.operators ?? "", admin));
  const { limits: found } = await limits.listLimits({});
  const names = found.map(({ tier, name }) => `${tier} ${name}`);
  expect(names).toContain("listener outer");
  expect(names).toContain("principal outer key:plain");
  expect(names).toContain("principal key:plain");
  expect(names).toContain("principal outer ip:127.0.0.1");
  await limits.resetLimit({ tier: "listener", name: "outer" });
  expect(await outcome("outer", "/api/v1/models")).toBe(200);
});

test("what a listener asks for changes with the settings, without a restart and on open connections", async () => {
  expect(await outcome("inner", "/api/v1/models")).toBe(200);
  using folder = new ConfigFolder({ "gateway.yaml": yamlOf("{ accepts: [key] }") });
  await gateway.replace(settingsOf(folder.load({}, [])));
  expect(await outcome("inner", "/api/v1/models")).toBe("401 CREDENTIAL_MISSING");
  expect(await outcome("inner", "/api/v1/models", unused)).toBe(200);
});
