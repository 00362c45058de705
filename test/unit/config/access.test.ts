/** What listeners and routes ask for, as settings write it: what is inherited, what narrows, and what is refused. */

import { describe, expect, test } from "vitest";
import { accessAt, accessOf, accessText } from "#identity/access.ts";
import { loadYaml, problemsOf, settingsOf } from "../../support/config-folder.ts";
import { serverTls } from "../../support/tls.ts";

const tls = `tls: { cert_file: ${serverTls.certFile}, key_file: ${serverTls.keyFile}, ca_file: ${serverTls.caFile}, client_auth: request }`;

/** A file with keys, tokens and a certificate, two listeners of which the second has this, and further settings of auth. */
const yamlOf = (second: string, auth = "", plain = "") => `
listeners:
  - { name: first, port: 1${plain} }
  - { name: second, port: 2, ${tls}, ${second} }
auth:
  keys: [{ name: ops, key: f3Qw9-zP0r7Lk2-Tt8vYb1 }]
  jwt: { secret: kW3-f9Qp2Zx7Lr5Tt8vYb1mNs6Hc4Jd0 }
  certificates: [{ name: batch, common_name: batch }]
${auth}
`;
const authOf = (yaml: string) => settingsOf(loadYaml(yaml)).auth;

test("without a word by listener or route there is nothing to look up", () => {
  expect(authOf(yamlOf("serves: [rpc]")).access).toBe(undefined);
});

test("what a listener leaves out is as under `auth`", () => {
  const auth = authOf(yamlOf("auth: { accepts: [token] }"));
  expect(accessOf(auth, "first")).toMatchObject({
    enabled: true,
    accepts: ["key", "token", "certificate"],
    requiresCertificate: false,
  });
  expect(accessOf(auth, "second")).toMatchObject({ enabled: true, accepts: ["token"] });
  const open = authOf(yamlOf("auth: { enabled: false }", "  anonymous_scopes: [priority]"));
  expect(accessOf(open, "second")).toMatchObject({
    enabled: false,
    anonymousScopes: ["priority", "route"],
  });
  expect(accessOf(open, "first").enabled).toBe(true);
});

test("a route takes no kind that its listener does not take, and lifts no need of a certificate", () => {
  const route = `  routes: [{ match: "/api*", accepts: [key, token] }, { match: /v1/models, public: true }]`;
  const auth = authOf(yamlOf("auth: { accepts: [token], requires_certificate: true }", route));
  const second = accessOf(auth, "second");
  expect(accessAt(second, ["/x", "/api/v1/chat"])).toMatchObject({
    accepts: ["token"],
    requiresCertificate: true,
    isPublic: false,
  });
  expect(accessAt(second, ["/x", "/v1/models"])).toMatchObject({
    requiresCertificate: true,
    isPublic: true,
  });
  // Not by how it begins, but where that is asked for.
  expect(accessAt(second, ["/x", "/v1/models/{model}:predict"])).toBe(second);
  expect(accessAt(accessOf(auth, "first"), ["/x", "/api"]).accepts).toEqual(["key", "token"]);
});

test("a listener's routes take the place of the general ones", () => {
  const auth = authOf(
    yamlOf("auth: { routes: [] }", "  routes: [{ match: /v1/models, public: true }]"),
  );
  expect(accessOf(auth, "first").routes.length).toBe(1);
  expect(accessOf(auth, "second").routes).toEqual([]);
});

describe("is refused, with its place:", () => {
  test.each<{ name: string; second: string; auth?: string; plain?: string; problem: string }>([
    {
      name: "a kind of which nobody is known",
      second: "auth: { accepts: [password] }",
      problem:
        "listeners[1].auth.accepts: has password, of which none is known (hint: see auth.users)",
    },
    {
      name: "certificates alone where no connection has one",
      second: "serves: [rpc]",
      plain: ", auth: { accepts: [certificate] }",
      problem:
        "listeners[0].auth: asks for certificates that no connection has (hint: set `tls.client_auth` to request)",
    },
    {
      name: "a need of a certificate where no connection has one",
      second: "serves: [rpc]",
      plain: ", auth: { requires_certificate: true }",
      problem:
        "listeners[0].auth: asks for certificates that no connection has (hint: set `tls.client_auth` to request)",
    },
    {
      name: "what is taken where auth is off",
      second: "auth: { enabled: false, accepts: [key] }",
      problem: "listeners[1].auth: has no effect while `enabled` is off",
    },
    {
      name: "a route that lets nobody in",
      second: "auth: { accepts: [token] }",
      auth: "  routes: [{ match: /v1/models, accepts: [key] }]",
      problem: "auth.routes[0]: leaves nobody on the listener second, which takes token",
    },
    {
      name: "a route that says nothing",
      second: "auth: { routes: [{ match: /v1/models }] }",
      problem:
        "listeners[1].auth.routes[0]: says nothing (hint: name accepts, requires_certificate or public)",
    },
    {
      name: "a route that would open everything",
      second: 'auth: { routes: [{ match: "/*", public: true }] }',
      problem: "listeners[1].auth.routes[0].match: would open everything",
    },
    {
      name: "a misspelt path, which would protect nothing",
      second: "serves: [rpc]",
      auth: "  routes: [{ match: /api/v1/keyz, requires_certificate: false, accepts: [key] }]",
      problem:
        "auth.routes[0].match: is no procedure and no path that calls go by (hint: did you mean /api/v1/keys?)",
    },
    {
      name: "a misspelt beginning on a listener",
      second: 'auth: { routes: [{ match: "/admin*", accepts: [token] }] }',
      problem:
        "listeners[1].auth.routes[0].match: is no procedure and no path that calls go by (hint: see /openapi.json for paths)",
    },
    {
      name: "a burst without a rate",
      second: "rate_limiting: { clients: { burst: 2 } }",
      problem:
        "listeners[1].rate_limiting.clients.burst: needs `requests_per_minute`, the rate that it belongs to",
    },
  ])("$name", ({ second, auth, plain, problem }) => {
    expect(problemsOf(loadYaml(yamlOf(second, auth, plain)))).toEqual([
      expect.stringContaining(problem),
    ]);
  });
});

test.each([
  "/polygate.v1.KeysService/CreateKey",
  "/grpc.reflection.v1.ServerReflection/*",
  "/api/v1/models/{model}:predict",
  "/v1beta/models/{model}:countTokens",
  "/v2/models/{model}/versions/{version}/infer",
  "/v1/models/{model}/labels/{label}:predict",
  "/v1/files*",
  "/v2*",
])("a route may be %s", (match) => {
  const yaml = yamlOf("serves: [rpc]", `  routes: [{ match: "${match}", accepts: [key] }]`);
  expect(accessOf(authOf(yaml), "first").routes).toMatchObject([{ match }]);
});

test("a route may be a path of the file's own rules", () => {
  const rule = "{ selector: polygate.v1.ModelsService.ListModels, get: /our/models }";
  const yaml = `${yamlOf("serves: [rpc]", "  routes: [{ match: /our/models, public: true }]")}\nrest: { rules: [${rule}] }\n`;
  expect(accessOf(authOf(yaml), "first").routes.length).toBe(1);
});

test("a listener cannot have auth on where nobody is known", () => {
  const yaml =
    "auth: { enabled: false }\nlisteners: [{ name: a, port: 1, auth: { enabled: true } }]\n";
  expect(problemsOf(loadYaml(yaml))).toEqual([
    expect.stringContaining("listeners[0].auth.enabled: is on, but nobody is known"),
  ]);
});

test("limits of a listener hold without the section, and are off with it", () => {
  const listeners =
    "listeners: [{ name: a, port: 1, rate_limiting: { requests_per_minute: 60, burst: 5 } }]\n";
  const on = settingsOf(loadYaml(listeners)).rateLimit;
  expect(on?.client).toEqual({});
  expect(on?.listeners?.get("a")).toEqual({ own: { requests: { capacity: 5, perSecond: 1 } } });
  const off = settingsOf(loadYaml(listeners, { RATE_LIMIT_ENABLED: "false" }));
  expect(off.rateLimit).toBe(undefined);
});

test("what a listener asks for is told in words", () => {
  const auth = authOf(
    yamlOf(
      "auth: { accepts: [token], requires_certificate: true }",
      "  routes: [{ match: /v1/models, public: true }]",
    ),
  );
  expect(accessText(accessOf(auth, "first"))).toBe(
    "asks for key or token or certificate; 1 rule for routes",
  );
  expect(accessText(accessOf(auth, "second"))).toBe(
    "asks for token, and a certificate besides; 1 rule for routes",
  );
  const open = authOf(yamlOf("auth: { enabled: false, anonymous_scopes: [admin] }"));
  expect(accessText(accessOf(open, "second"))).toBe("open to everybody, with scopes admin, route");
});
