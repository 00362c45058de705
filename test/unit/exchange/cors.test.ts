import { describe, expect, test } from "vitest";
import { applyCors, type CorsOptions, mayUpgrade } from "#exchange/cors.ts";
import type { HeaderList } from "#exchange/exchange.ts";
import { exposedHeaders } from "#exchange/response-headers.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";

describe("mayUpgrade", () => {
  const app = "https://app.example";
  const rows = [
    { name: "a client that is no browser may", may: true },
    { name: "a page of this host may", origin: "https://gate.example:8080", may: true },
    {
      name: "a page of this host's other port may not",
      origin: "https://gate.example",
      may: false,
    },
    { name: "a page from elsewhere may not", origin: app, may: false },
    { name: "one that is named may", origin: app, origins: [app], may: true },
    { name: "with a star anyone may", origin: app, origins: ["*"], may: true },
    { name: "one that is not named may not", origin: app, origins: ["https://a.b"], may: false },
    { name: "a page without an origin may not", origin: "null", may: false },
    {
      name: "a page of a host that only ends alike may not",
      origin: "https://evilgate.example:8080",
      may: false,
    },
    {
      name: "a page of a host within this one may not",
      origin: "https://sub.gate.example:8080",
      may: false,
    },
    {
      name: "an origin that ends in one that is named may not",
      origin: "https://evilapp.example",
      origins: [app, "https://app.example.evil"],
      may: false,
    },
    {
      name: "a host that only begins alike may not",
      origin: "https://gate.example:80",
      may: false,
    },
  ];

  test.each(rows)("$name", ({ origin, origins, may }) => {
    const upgrade = {
      header: (name: string) => (name === "origin" ? origin : undefined),
    };
    const cors =
      origins === undefined ? undefined : { origins, methods: [], headers: [], credentials: false };
    expect(mayUpgrade(upgrade, { host: "gate.example:8080", cors })).toBe(may);
  });
});

/** What an exchange gets of CORS: whether it is answered, and its headers in order. */
function corsOf(
  sent: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> },
  options: Partial<CorsOptions> = {},
) {
  const { method = "POST", headers = {} } = sent;
  const exchange = new MemoryExchange({ method, target: "/", headers });
  const early: HeaderList[number][] = [];
  exchange.setHeader = (name: string, value: string) => early.push([name, value]);
  const answered = applyCors(exchange, {
    origins: ["https://gate.example"],
    methods: ["GET", "POST"],
    headers: ["Content-Type"],
    credentials: false,
    ...options,
  });
  const all = [...early, ...exchange.answerHeaders];
  return {
    answered,
    status: exchange.status,
    list: (name: string) =>
      all.filter(([other]) => other === name).flatMap(([, value]) => value.split(", ")),
  };
}

describe("whose pages may read responses", () => {
  const gate = "https://gate.example";
  test.each([
    { name: "an origin on the list", origin: gate, allow: [gate] },
    { name: "none that ends alike", origin: "https://evilgate.example", allow: [] },
    { name: "none that begins alike", origin: "https://gate.example.evil", allow: [] },
    { name: "none within it", origin: "https://sub.gate.example", allow: [] },
    { name: "none of another scheme", origin: "http://gate.example", allow: [] },
    { name: "none of another port", origin: "https://gate.example:8443", allow: [] },
    { name: "no page without an origin", origin: "null", allow: [] },
    {
      name: "any, where the list says so",
      origin: "https://any.example",
      origins: ["*"],
      allow: ["*"],
    },
    {
      name: "any by its name, where it may send credentials: browsers refuse a star then",
      origin: "https://any.example",
      origins: ["*"],
      credentials: true,
      allow: ["https://any.example"],
    },
    { name: "the list's with credentials", origin: gate, credentials: true, allow: [gate] },
    {
      name: "none but the list's with credentials",
      origin: "https://evilgate.example",
      credentials: true,
      allow: [],
    },
  ])("$name", ({ name: _, origin, allow, ...options }) => {
    const { answered, list } = corsOf({ headers: { origin } }, options);
    expect(answered).toBe(false);
    expect(list("access-control-allow-origin")).toEqual(allow);
    const credentials = options.credentials === true && allow.length > 0 ? ["true"] : [];
    expect(list("access-control-allow-credentials")).toEqual(credentials);
    expect(list("access-control-expose-headers")).toEqual(allow.length > 0 ? exposedHeaders : []);
    expect(list("vary")).toContain("origin");
  });
});

describe("a preflight", () => {
  const preflight = (requested: string, options: Partial<CorsOptions> = {}) =>
    corsOf(
      {
        method: "OPTIONS",
        headers: {
          origin: "https://gate.example",
          "access-control-request-method": "POST",
          "access-control-request-headers": requested,
        },
      },
      options,
    );

  test.each([
    "content-type",
    "authorization",
    "x-api-key",
    "x-request-id",
    "traceparent",
    "tracestate",
    "last-event-id",
    "if-none-match",
    "x-server-timeout",
    "inference-header-content-length",
    "connect-protocol-version",
    "connect-timeout-ms",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "x-grpc-web",
    "x-user-agent",
    "x-polygate-cache",
    "x-polygate-whatever-comes",
  ])("lets scripts send %s", (name) => {
    const { answered, status, list } = preflight(`content-type,${name}`);
    expect([answered, status]).toEqual([true, 204]);
    expect(list("access-control-allow-headers")).toContain(name);
    expect(list("vary")).toEqual(["origin", "access-control-request-headers"]);
  });

  test.each([
    "x-other",
    "x-polygate-",
    "x-polygate",
    "evil-x-polygate-a",
    "x-polygate-a\u00e9",
    "x-polygate-a b",
  ])("does not let them send %s", (name) => {
    expect(preflight(name).list("access-control-allow-headers")).not.toContain(name);
  });

  test("adds what the operator names, each once and in lower case", () => {
    const { list } = preflight("x-polygate-a, X-Polygate-A", {
      headers: ["X-Tenant", "X-Request-Id"],
    });
    const allowed = list("access-control-allow-headers");
    expect(allowed).toContain("x-tenant");
    expect(new Set(allowed).size).toBe(allowed.length);
    expect(allowed).toEqual(allowed.map((name) => name.toLowerCase()));
  });

  test("of an origin that is not on the list is an OPTIONS request like any other", () => {
    const headers = { origin: "https://evilgate.example", "access-control-request-method": "POST" };
    const { answered, list } = corsOf({ method: "OPTIONS", headers });
    expect(answered).toBe(false);
    expect(list("access-control-allow-headers")).toEqual([]);
  });
});
