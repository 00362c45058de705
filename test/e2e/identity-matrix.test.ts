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
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { hashPassword } from "#identity/password-hash.ts";
import { ConfigFolder, settingsOf } from "../support/config-folder.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";
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
  - { name: tokens, host: 127.0.0.1, port: 0, auth: { accepts: [token] } }
  - { name: passwords, host: 127.0.0.1, port: 0, auth: { accepts: [password] } }
  - { name: both, host: 127.0.0.1, port: 0, tls: { cert_file: ${serverTls.certFile}, key_file: ${serverTls.keyFile}, ca_file: ${serverTls.caFile}, client_auth: request }, auth: { accepts: [key], requires_certificate: true } }
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

const provider = await startProvider("openai-chat");
/** Names of a model that chats and of one that predicts: each caller of `keeping` is held to one of them. */
const named = { chats: "one/double", predicts: "digits" } as const;
/** A gateway that keeps keys, with callers who are held to models. */
const keeping = await startTestGateway({
  yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth:
  failures_per_minute: 0
  key_store: { path: ${folder.path}/keys.db }
  jwt: { secret: ${tokenSecret}, issuer: https://issuer.test, audience: gateway }
  keys:
    - { name: operator, key: operator-key, scopes: [admin] }
    - { name: chats, key: chats-key, models: [${named.chats}] }
    - { name: predicts, key: predicts-key, models: [${named.predicts}] }
load_balancer: { retry_attempts: 0 }
providers:
  one: { dialect: openai, base_url: "${provider.url}", api_key: upstream, default_model: double, prices: { double: { input: 1, output: 1 } } }
`,
});
afterAll(async () => {
  await keeping[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** What a client shows of itself: fields, and its certificate. */
interface Shown {
  /** Where it calls; absent: the first gateway. */
  readonly to?: RunningGateway;
  /** By which listener of the first gateway; absent: `plain`, or `tls` where there is a certificate. */
  readonly by?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly certificate?: { readonly cert: Buffer; readonly key: Buffer };
}

/** Where to call, and as whom. */
function clientOf({ certificate, headers = {}, to, by }: Shown) {
  const { urls } = gateway;
  const own = urls[by ?? (certificate === undefined ? "plain" : "tls")] ?? "";
  const { port, protocol } = new URL(own);
  if (protocol === "http:") return { url: to?.url ?? own, tls: undefined, headers };
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
  { fields = {}, body }: { readonly fields?: object; readonly body?: object } = {},
): Promise<Outcome> {
  const { url, tls, headers } = clientOf(shown);
  const options = { method, headers: { ...headers, ...fields }, agent: false as const };
  const request =
    tls === undefined
      ? httpRequest(url + path, options)
      : httpsRequest(url + path, { ...options, ...tls });
  if (body === undefined) request.end();
  else request.setHeader("content-type", "application/json").end(JSON.stringify(body));
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

/** Calls over a WebSocket: 101 where something comes back, else the error's code. */
async function session(
  shown: Shown,
  path: string,
  message: object,
  onOpen = () => {},
): Promise<Outcome> {
  const { url, tls, headers } = clientOf(shown);
  const dispatcher = new Agent(tls === undefined ? {} : { connect: tls });
  const socket = new WebSocket(url.replace("http", "ws") + path, { ...{ dispatcher, headers } });
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify(message));
    onOpen();
  });
  const [{ data }] = (await once(socket, "message")) as [{ readonly data: string }];
  const { error } = JSON.parse(data) as { readonly error?: { readonly code: string } };
  await dispatcher.destroy();
  return { status: error?.code ?? "101", challenge: undefined };
}

/** Watches calls, of which there is one then. */
const watched = (shown: Shown): Promise<Outcome> =>
  session(shown, "/api/v1/requests:watch", {}, () => {
    void http(bearer("reader-key"), "/api/v1/models");
  });

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
  /** A call that names a model, the one that chats or the one that predicts. */
  naming(shown: Shown): Promise<Outcome>;
  readonly names: keyof typeof named;
  readonly says: {
    readonly ok: string;
    readonly unknown: string;
    readonly denied: string;
    /** Where it differs from `denied`. */
    readonly modelDenied?: string;
  };
}

const anthropicVersion = { "anthropic-version": "2023-06-01" };
const messages = [{ role: "user", content: "hello" }];
const contents = [{ parts: [{ text: "hello" }] }];

const ofHttp = { ok: "200", unknown: "401", denied: "403" };
const ofRpc = { ok: "OK", unknown: "Unauthenticated", denied: "PermissionDenied" };

const surfaces: readonly Surface[] = [
  ...(["gRPC", "gRPC-Web", "Connect"] as const).map(
    (kind): Surface => ({
      name: kind,
      call: (shown) => rpc(createClient(ModelsService, transportOf(kind, shown)).listModels({})),
      scoped: (shown) =>
        rpc(createClient(RequestsService, transportOf(kind, shown)).listRequests({})),
      naming: (shown) =>
        rpc(
          createClient(ChatService, transportOf(kind, shown)).chat({
            ...{ modelPreference: named.chats, message: "hello" },
          }),
        ),
      names: "chats",
      says: ofRpc,
    }),
  ),
  {
    name: "REST",
    call: (shown) => http(shown, "/api/v1/models"),
    scoped: (shown) => http(shown, "/api/v1/requests"),
    naming: (shown) =>
      http(shown, "/api/v1/chat", "POST", {
        body: { model_preference: named.chats, message: "hello" },
      }),
    names: "chats",
    says: ofHttp,
  },
  {
    name: "OpenAI",
    call: (shown) => http(shown, "/v1/models"),
    naming: (shown) =>
      http(shown, "/v1/chat/completions", "POST", { body: { model: named.chats, messages } }),
    names: "chats",
    says: ofHttp,
  },
  {
    name: "Anthropic",
    call: (shown) => http(shown, "/v1/models", "GET", { fields: anthropicVersion }),
    naming: (shown) =>
      http(shown, "/v1/messages", "POST", {
        fields: anthropicVersion,
        body: {
          model: named.chats,
          max_tokens: 9,
          messages,
        },
      }),
    names: "chats",
    says: ofHttp,
  },
  {
    name: "Gemini",
    call: (shown) => http(shown, "/v1beta/models"),
    naming: (shown) =>
      http(shown, "/v1beta/models/one%2Fdouble:generateContent", "POST", { body: { contents } }),
    names: "chats",
    says: ofHttp,
  },
  {
    name: "OIP",
    call: (shown) => http(shown, "/v2/models/digits"),
    scoped: (shown) => http(shown, "/v2/repository/models/digits/load", "POST"),
    naming: (shown) => http(shown, "/v2/models/digits"),
    names: "predicts",
    says: ofHttp,
  },
  {
    name: "TF Serving",
    call: (shown) => http(shown, "/v1/models/digits"),
    naming: (shown) => http(shown, "/v1/models/digits"),
    names: "predicts",
    says: ofHttp,
  },
  {
    name: "WebSocket",
    call: (shown) => http(shown, "/api/v1/chat:stream", "GET", { fields: webSocket }),
    scoped: watched,
    naming: (shown) =>
      session(shown, "/api/v1/chat:stream", { model_preference: named.chats, message: "hello" }),
    names: "chats",
    // Who may call at all is told by the handshake; the rest, as of every call, on the connection.
    says: {
      ...{ ok: "101", unknown: "401", denied: "SCOPE_REQUIRED" },
      modelDenied: "MODEL_NOT_ALLOWED",
    },
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

/** By listener: who is taken there, who is not although others take them, and what a refusal asks for. */
const byListener: readonly {
  readonly listener: string;
  readonly taken: readonly Shown[];
  readonly refused: readonly Shown[];
  readonly challenge: RegExp;
}[] = [
  {
    listener: "tokens",
    taken: [await token(), await token({ algorithm: "ES256" })],
    refused: [
      bearer("reader-key"),
      { headers: { "x-api-key": "operator-key" } },
      basic("ann", "pass:word"),
    ],
    challenge: /^Bearer( error="invalid_token")?$/,
  },
  {
    listener: "passwords",
    taken: [basic("ann", "pass:word")],
    refused: [await token(), bearer("reader-key")],
    challenge: /^Basic realm="polygate", charset="UTF-8"$/,
  },
  {
    listener: "both",
    taken: [{ ...bearer("reader-key"), ...certificateOf("client") }],
    refused: [
      bearer("reader-key"),
      certificateOf("client"),
      { ...(await token()), ...certificateOf("client") },
      { ...bearer("reader-key"), ...certificateOf("stranger") },
    ],
    challenge: /^Bearer( error="invalid_token")?$/,
  },
];

describe.each(surfaces)("$name, by a listener with auth of its own,", ({ call, says }) => {
  test.each(byListener)(
    "takes on $listener what that takes, and nothing that others remember",
    async ({ listener, taken, refused, challenge }) => {
      for (const shown of taken) {
        expect((await call({ ...shown, by: listener })).status).toBe(says.ok);
      }
      for (const shown of refused) {
        // Known elsewhere, and remembered there.
        expect((await call(shown)).status).toBe(says.ok);
        const outcome = await call({ ...shown, by: listener });
        expect(outcome.status).toBe(says.unknown);
        expect(outcome.challenge).toMatch(challenge);
      }
      // Nor has a refusal made it forget who is taken.
      for (const shown of taken) {
        expect((await call({ ...shown, by: listener })).status).toBe(says.ok);
      }
    },
  );
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

/** Asks the service of keys, as the operator. */
async function manage(method: string, path: string, body: object): Promise<{ secret: string }> {
  const response = await fetch(keeping.url + path, {
    method,
    headers: { authorization: "Bearer operator-key", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as { secret: string };
}

/** The text of a key that is kept. */
const kept = async (key: object) => (await manage("POST", "/api/v1/keys", key)).secret;
const toKeeping = (credential: string): Shown => ({ ...bearer(credential), to: keeping });

type Held = Readonly<Record<keyof typeof named, Shown>>;

/** Callers who are held to the one model and to the other, by kind. */
const held: readonly (readonly [kind: string, shown: Held])[] = [
  ["key of the settings", { chats: toKeeping("chats-key"), predicts: toKeeping("predicts-key") }],
  [
    "kept key",
    {
      chats: toKeeping(await kept({ name: "kept-chats", models: [named.chats] })),
      predicts: toKeeping(await kept({ name: "kept-predicts", models: [named.predicts] })),
    },
  ],
  [
    "token with the claim models",
    {
      chats: toKeeping(await tokenOf({ claims: { models: [named.chats] } })),
      predicts: toKeeping(await tokenOf({ claims: { models: [named.predicts] } })),
    },
  ],
];

describe.each(surfaces)("$name, where a model is named,", ({ naming, names, says }) => {
  const others = names === "chats" ? "predicts" : "chats";

  test.each(held)("takes a %s that is held to that model", async (_kind, shown) => {
    expect((await naming(shown[names])).status).toBe(says.ok);
  });

  test.each(held)("refuses a %s that is held to another, and asks nobody", async (_kind, shown) => {
    const asked = provider.received.length;
    expect((await naming(shown[others])).status).toBe(says.modelDenied ?? says.denied);
    expect(provider.received.length).toBe(asked);
  });
});

describe.each(surfaces)("$name, with a kept key", ({ name, call, says }) => {
  const nameOf = (end: string) => `${end}-${name.replace(" ", "-")}`;
  const refused = { status: says.unknown, challenge: 'Bearer error="invalid_token"' };

  test("refuses it from when it is revoked", async () => {
    const key = nameOf("revoked");
    const shown = toKeeping(await kept({ name: key }));
    expect((await call(shown)).status).toBe(says.ok);
    await manage("POST", `/api/v1/keys/${key}:revoke`, {});
    expect(await call(shown)).toEqual(refused);
  });

  test("refuses it from when it has expired", async () => {
    const key = nameOf("expired");
    const laterOn = new Date(Date.now() + 3_600_000).toISOString();
    const shown = toKeeping(await kept({ name: key, expire_time: laterOn }));
    expect((await call(shown)).status).toBe(says.ok);
    const before = new Date(Date.now() - 1000).toISOString();
    await manage("PATCH", `/api/v1/keys/${key}`, { expire_time: before });
    expect(await call(shown)).toEqual(refused);
  });
});

describe("revoked", () => {
  test("a credential that the settings lose is refused from then on, on every surface", async () => {
    for (const { call, says } of surfaces) {
      for (const [, shown] of good) expect((await call(shown)).status).toBe(says.ok);
    }
    using config = new ConfigFolder({ "gateway.yaml": others });
    const loaded = config.load({}, []);
    await gateway.replace(settingsOf(loaded));
    for (const { name, call, says } of surfaces) {
      for (const [kind, shown] of good) {
        expect([name, kind, (await call(shown)).status]).toEqual([name, kind, says.unknown]);
      }
      expect((await call(bearer("another-key"))).status).toBe(says.ok);
    }
  }, 60_000);
});
