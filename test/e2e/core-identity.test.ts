/** What cores are told of callers, over each transport; what clients say of themselves never gets there. */

import { createPublicKey, createSecretKey, generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { tokenStore } from "#identity/token-store.ts";
import { type CoreServer, startCoreServer, toldIn } from "../support/core-server.ts";
import { startTestGateway } from "../support/gateway.ts";
import { type HttpCoreDouble, startHttpCore } from "../support/http-core-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { tokenOf, tokenSecret } from "../support/tokens.ts";

const identitySecret = "a-secret-of-cores-0123456789-0123456789";
let grpc: CoreServer;
let http: HttpCoreDouble;
beforeAll(async () => {
  grpc = await startCoreServer(createAgent(plainAgent, { clock: systemClock, rng: systemRng }));
  http = await startHttpCore("hello");
});
afterAll(async () => {
  await grpc[Symbol.asyncDispose]();
  await http[Symbol.asyncDispose]();
});

const transports = ["http2", "grpc-js", "http"] as const;

/** What the core is told of one chat of a caller who claims to be somebody else. */
async function told(
  transport: (typeof transports)[number],
  {
    identity,
    auth,
    token,
  }: { readonly identity: string; readonly auth: string; readonly token?: string },
) {
  const where =
    transport === "http"
      ? `url: ${http.url}, protocol: http`
      : `url: ${grpc.url}, transport: ${transport}`;
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { ${auth} }
cores: [{ ${where}, identity: ${identity} }]
`;
  await using gateway = await startTestGateway({ yaml });
  const response = await fetch(`${gateway.url}/api/v1/chat`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-polygate-principal": "root",
      "x-polygate-scopes": "admin",
      "x-polygate-group": "wheel",
      "x-polygate-identity": "eyJhbGciOiJub25lIn0.e30.",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: '{"message":"hello"}',
  });
  expect(response.status).toBe(200);
  if (transport === "http") return toldIn(http.received.at(-1)?.headers ?? {});
  return grpc.told.at(-1) ?? {};
}

const secretAuth = `jwt: { secret: ${tokenSecret} }`;

describe.each(transports)("over %s", (transport) => {
  test("a core that is to be told nothing is told nothing", async () => {
    const token = await tokenOf({ claims: { scope: "admin" } });
    expect(await told(transport, { identity: "none", auth: secretAuth, token })).toEqual({});
  });

  test("plain headers name the caller, whatever the client says of itself", async () => {
    const claims = { sub: "ünï 100%", scope: "route priority", group: "team a" };
    const token = await tokenOf({ claims });
    expect(await told(transport, { identity: "plain", auth: secretAuth, token })).toEqual({
      "x-polygate-principal": "jwt:%C3%BCn%C3%AF%20100%25",
      "x-polygate-scopes": "route priority",
      "x-polygate-group": "team%20a",
    });
  });

  test("while auth is off everybody is anonymous", async () => {
    const plain = await told(transport, { identity: "plain", auth: "enabled: false" });
    expect(plain).toEqual({
      "x-polygate-principal": "anonymous",
      "x-polygate-scopes": "route",
    });
  });

  test("a signed token names the caller for a minute, and is no credential of the gateway", async () => {
    const auth = `${secretAuth}, identity_secret: ${identitySecret}`;
    const token = await tokenOf({ claims: { scope: "route", group: "g" } });
    const { "x-polygate-identity": signed, ...others } = await told(transport, {
      ...{ identity: "signed", auth, token },
    });
    expect(others).toEqual({});
    const { payload } = await jwtVerify(String(signed), Buffer.from(identitySecret), {
      ...{ issuer: "polygate", audience: "polygate-core", typ: "polygate-identity+jwt" },
    });
    expect(payload).toMatchObject({ sub: "jwt:alice", scope: "route", group: "g" });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(60);
    const sameSecret = tokenStore(
      {
        ...{
          algorithms: ["HS256"],
          secrets: [createSecretKey(identitySecret, "utf8")],
          skewMs: 0,
          scopePrefix: "",
        },
        claims: { scopes: "scope", group: "group", models: "models" },
      },
      undefined,
      systemClock,
    );
    expect(await sameSecret.find(String(signed))).toBeUndefined();
  });
});

test("an Ed25519 key signs what cores verify by its public half", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  await using folder = await temporaryFolder();
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  const file = await folder.write("identity.pem", pem);
  const auth = `${secretAuth}, identity_key_file: ${file}`;
  const token = await tokenOf();
  const { "x-polygate-identity": signed } = await told("http2", {
    identity: "signed",
    auth,
    token,
  });
  const { payload } = await jwtVerify(String(signed), createPublicKey(privateKey), {
    ...{ algorithms: ["EdDSA"], audience: "polygate-core" },
  });
  expect(payload.sub).toBe("jwt:alice");
});
