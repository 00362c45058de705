/** Every surface × every kind of credential × every way in which one can be wrong, with the exact status on each. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { Agent, WebSocket } from "undici";
import { afterAll, describe, expect, test } from "vitest";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { hashPassword } from "#identity/password-hash.ts";
import { ConfigFolder, settingsOf } from "../support/config-folder.ts";
import { startTestGateway } from "../support/gateway.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { clientTls, fixture, serverTls } from "../support/tls.ts";
import { forged, goodClaims, issuerKeys, jwkSet, tokenOf, tokenSecret } from "../support/tokens.ts";

const folder = await temporaryFolder();
const jwksFile = await folder.write("jwks.json", jwkSet());
const password = await hashPassword("pass:word");

const yamlOf = (auth: string) => `
listeners:
  - { name: plain, host: 127.0.0.1, port: 0 }
  - { name: tls, host: 127.0.0.1, port: 0, tls: { cert_file: ${serverTls.certFile}, key_file: ${serverTls.keyFile}, ca_file: ${serverTls.caFile}, client_auth: request } }
auth:
  failures_per_minute: 0
${auth}
`;
const known = yamlOf(`
  jwt: { secret: ${tokenSecret}, jwks_file: ${jwksFile}, issuer: https://issuer.test, audience: gateway }
  keys:
    - { name: reader, key: reader-key }
    - { name: operator, key: operator-key, scopes: [admin] }
  users:
    - { name: ann, password_scrypt: "${password}" }
    - { name: root, password_scrypt: "${password}", scopes: [admin] }
  certificates: [{ name: batch, common_name: test-client }]
`);
/** The same gateway, where everybody else is known. */
const others = yamlOf(`
  jwt: { secret: another-${tokenSecret}, issuer: https://issuer.test, audience: gateway }
  keys: [{ name: reader, key: another-key }]
  users: [{ name: bob, password_scrypt: "${password}" }]
  certificates: [{ name: batch, common_name: another-client }]
`);

const gateway = await startTestGateway({ yaml: known });
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** What a client shows of itself: fields, and its certificate. */
interface Shown {
  readonly headers?: Readonly<Record<string, string>>;
  readonly certificate?: { readonly cert: Buffer; readonly key: Buffer };
}

/** Where to call, and as whom. */
function clientOf({ certificate, headers = {} }: Shown) {
  const plain = { url: gateway.urls.plain ?? "", tls: undefined, headers };
  if (certificate === undefined) return plain;
  const { port } = new URL(gateway.urls.tls ?? "");
  return { url: `https://localhost:${port}`, tls: { ca: clientTls.ca, ...certificate }, headers };
}

interface Outcome {
  readonly status: string;
  readonly challenge: string | undefined;
}

async function http(
  shown: Shown,
  path: string,
  method = "GET",
  more: object = {},
): Promise<Outcome> {
  const { url, tls, headers } = clientOf(shown);
  const options = { method, headers: { ...headers, ...more }, agent: false as const };
  const request =
    tls === undefined
      ? httpRequest(url + path, options)
      : httpsRequest(url + path, { ...options, ...tls });
  request.end();
  const [response] = (await Promise.race([
    once(request, "response"),
    once(request, "upgrade"),
  ])) as [IncomingMessage];
  response.resume();
  response.destroy();
  return {
    status: String(response.statusCode),
    challenge: response.headers["www-authenticate"],
  };
}

const webSocket = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** Watches calls over a WebSocket: 101 where one is seen, else the error's code. */
async function watched(shown: Shown): Promise<Outcome> {
  const { url, tls, headers } = clientOf(shown);
  const dispatcher = new Agent(tls === undefined ? {} : { connect: tls });
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/v1/requests:watch`, {
    ...{ dispatcher, headers },
  });
  socket.addEventListener("open", () => {
    socket.send("{}");
    void http(bearer("reader-key"), "/api/v1/models");
  });
  const [{ data }] = (await once(socket, "message")) as [{ readonly data: string }];
  const { error } = JSON.parse(data) as { readonly error?: { readonly code: string } };
  await dispatcher.destroy();
  return { status: error?.code ?? "101", challenge: undefined };
}

type Kind = "gRPC" | "gRPC-Web" | "Connect";

function transportOf(kind: Kind, shown: Shown): Transport {
  const { url: baseUrl, tls, headers } = clientOf(shown);
  const interceptors = [
    (next: (request: never) => Promise<never>) => (request: { readonly header: Headers }) => {
      for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
      return next(request as never);
    },
  ] as never;
  const options = { baseUrl, interceptors, ...(tls === undefined ? {} : { nodeOptions: tls }) };
  if (kind === "gRPC") return createGrpcTransport(options);
  const older = { ...options, httpVersion: "1.1" as const };
  return kind === "Connect" ? createConnectTransport(older) : createGrpcWebTransport(older);
}

const rpc = async (work: Promise<unknown>): Promise<Outcome> =>
  await work.then(
    () => ({ status: "OK", challenge: undefined }),
    (thrown) => {
      const error = ConnectError.from(thrown);
      return {
        status: Code[error.code],
        challenge: error.metadata.get("www-authenticate") ?? undefined,
      };
    },
  );

/** A call that any caller may make, one that needs the scope admin, and how ends are told. */
interface Surface {
  readonly name: string;
  call(shown: Shown): Promise<Outcome>;
  /** Absent where no operation of the surface needs a scope. */
  scoped?(shown: Shown): Promise<Outcome>;
  readonly says: { readonly ok: string; readonly unknown: string; readonly denied: string };
}

const ofHttp = { ok: "200", unknown: "401", denied: "403" };
const ofRpc = { ok: "OK", unknown: "Unauthenticated", denied: "PermissionDenied" };

const surfaces: readonly Surface[] = [
  ...(["gRPC", "gRPC-Web", "Connect"] as const).map(
    (kind): Surface => ({
      name: kind,
      call: (shown) => rpc(createClient(ModelsService, transportOf(kind, shown)).listModels({})),
      scoped: (shown) =>
        rpc(createClient(RequestsService, transportOf(kind, shown)).listRequests({})),
      says: ofRpc,
    }),
  ),
  {
    name: "REST",
    call: (shown) => http(shown, "/api/v1/models"),
    scoped: (shown) => http(shown, "/api/v1/requests"),
    says: ofHttp,
  },
  { name: "OpenAI", call: (shown) => http(shown, "/v1/models"), says: ofHttp },
  {
    name: "Anthropic",
    call: (shown) => http(shown, "/v1/models", "GET", { "anthropic-version": "2023-06-01" }),
    says: ofHttp,
  },
  { name: "Gemini", call: (shown) => http(shown, "/v1beta/models"), says: ofHttp },
  {
    name: "OIP",
    call: (shown) => http(shown, "/v2/models/digits"),
    scoped: (shown) => http(shown, "/v2/repository/models/digits/load", "POST"),
    says: ofHttp,
  },
  { name: "TF Serving", call: (shown) => http(shown, "/v1/models/digits"), says: ofHttp },
  {
    name: "WebSocket",
    call: (shown) => http(shown, "/api/v1/chat:stream", "GET", webSocket),
    scoped: watched,
    // Who may call at all is told by the handshake; the rest, as of every call, on the connection.
    says: { ok: "101", unknown: "401", denied: "SCOPE_REQUIRED" },
  },
];

const bearer = (token: string): Shown => ({ headers: { authorization: `Bearer ${token}` } });
const basic = (name: string, pass: string): Shown => ({
  headers: { authorization: `Basic ${Buffer.from(`${name}:${pass}`).toString("base64")}` },
});
const certificateOf = (name: string): Shown => ({
  certificate: {
    cert: readFileSync(fixture(`${name}.crt`)),
    key: readFileSync(fixture(`${name}.key`)),
  },
});
const token = async (facts: Parameters<typeof tokenOf>[0] = {}) => bearer(await tokenOf(facts));
const now = Math.floor(Date.now() / 1000);
const publicPem = issuerKeys.RS256.publicKey.export({ type: "spki", format: "pem" });
const hs256 = { alg: "HS256", typ: "JWT" };

/** Callers without a scope, by kind. */
const good: readonly (readonly [kind: string, shown: Shown])[] = [
  ["key as a bearer token", bearer("reader-key")],
  ["key as x-api-key", { headers: { "x-api-key": "reader-key" } }],
  ["key as x-goog-api-key", { headers: { "x-goog-api-key": "reader-key" } }],
  ["key as x-polygate-key", { headers: { "x-polygate-key": "reader-key" } }],
  ["token by HS256", await token()],
  ["token by RS256", await token({ algorithm: "RS256" })],
  ["token by ES256", await token({ algorithm: "ES256" })],
  ["token by EdDSA", await token({ algorithm: "EdDSA" })],
  ["token as x-api-key", { headers: { "x-api-key": await tokenOf() } }],
  ["password", basic("ann", "pass:word")],
  ["certificate", certificateOf("client")],
];

/** Callers with the scope admin. */
const operators: readonly (readonly [kind: string, shown: Shown])[] = [
  ["key", bearer("operator-key")],
  ["token", await token({ claims: { scope: ["admin"] } })],
  ["password", basic("root", "pass:word")],
];

const wrong: readonly (readonly [name: string, shown: Shown])[] = [
  ["nothing", {}],
  ["an unknown key", bearer("unknown-key")],
  ["an unknown key as x-api-key", { headers: { "x-api-key": "unknown-key" } }],
  ["a key that lacks its end", bearer("reader-ke")],
  ["the secret of tokens as a key", bearer(tokenSecret)],
  ["an expired token", await token({ claims: { exp: now - 3600 } })],
  ["an expired token by RS256", await token({ algorithm: "RS256", claims: { exp: now - 3600 } })],
  ["a token that is not yet valid", await token({ claims: { nbf: now + 3600 } })],
  ["a token of the future", await token({ claims: { iat: now + 3600, exp: now + 7200 } })],
  ["a token with a wrong signature", bearer(forged(hs256, goodClaims(), "HS256", "wrong"))],
  [
    "a token with another's claims",
    bearer(
      (await tokenOf()).replace(
        /\.[^.]+\./,
        `.${Buffer.from(JSON.stringify({ ...goodClaims(), sub: "root" })).toString("base64url")}.`,
      ),
    ),
  ],
  ["a token for another audience", await token({ claims: { aud: "somebody" } })],
  ["a token of another issuer", await token({ claims: { iss: "https://evil.test" } })],
  ["a token of alg none", bearer(forged({ alg: "none" }, goodClaims(), "none"))],
  ["a public key as the secret", bearer(forged(hs256, goodClaims(), "HS256", publicPem))],
  [
    "a token that brings its key",
    bearer(
      forged(
        { alg: "ES256", kid: "x", jwk: issuerKeys.ES256.publicKey.export({ format: "jwk" }) },
        goodClaims(),
        "ES256",
      ),
    ),
  ],
  ["a token without end", await token({ claims: { exp: undefined } })],
  ["a token that is cut off", bearer((await tokenOf()).slice(0, -1))],
  ["a wrong password", basic("ann", "password")],
  ["an unknown user", basic("nobody", "pass:word")],
  ["a key as a password", basic("reader", "reader-key")],
  ["a password hash as a password", basic("ann", password)],
  ["a certificate that signed itself", certificateOf("stranger")],
];

describe.each(surfaces)("$name", ({ call, says }) => {
  test.each(good)("takes a %s", async (_kind, shown) => {
    expect((await call(shown)).status).toBe(says.ok);
  });

  test.each(wrong)("refuses %s, and says what it takes", async (name, shown) => {
    const { status, challenge } = await call(shown);
    expect(status).toBe(says.unknown);
    const isSent = name !== "nothing" && !name.includes("signed itself");
    const bearerChallenge = isSent ? 'Bearer error="invalid_token"' : "Bearer";
    expect(challenge).toBe(`${bearerChallenge}, Basic realm="polygate", charset="UTF-8"`);
  });
});

const scopedSurfaces = surfaces.flatMap(({ name, scoped, says }) =>
  scoped === undefined ? [] : [{ name, scoped, says }],
);

describe.each(scopedSurfaces)("$name, where a scope is needed,", ({ scoped, says }) => {
  test.each(good)("refuses a %s without it", async (_kind, shown) => {
    expect((await scoped(shown)).status).toBe(says.denied);
  });

  test.each(operators)("takes a %s that has it", async (_kind, shown) => {
    expect((await scoped(shown)).status).toBe(says.ok);
  });
});

describe("revoked", () => {
  test("a credential that the settings lose is refused from then on, on every surface", async () => {
    for (const { call, says } of surfaces) {
      for (const [, shown] of good) expect((await call(shown)).status).toBe(says.ok);
    }
    using config = new ConfigFolder({ "gateway.yaml": others });
    const loaded = config.load({}, []);
    await gateway.gateway.replace(settingsOf(loaded));
    for (const { name, call, says } of surfaces) {
      for (const [kind, shown] of good) {
        expect([name, kind, (await call(shown)).status]).toEqual([name, kind, says.unknown]);
      }
      expect((await call(bearer("another-key"))).status).toBe(says.ok);
    }
  });
});
