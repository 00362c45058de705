/** A gateway whose tokens come from an identity provider: its keys at a URL, rotated, away, and back. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ConfigFolder, settingsOf } from "../support/config-folder.ts";
import { startTestGateway } from "../support/gateway.ts";
import { jwkSet, type PairAlgorithm, tokenOf } from "../support/tokens.ts";

/** An identity provider on a free port; undefined: it is away. */
async function startIssuer(algorithms: readonly PairAlgorithm[] | undefined) {
  const issuer = { algorithms, asked: 0, url: "" };
  const server = createServer((_request, response) => {
    issuer.asked += 1;
    if (issuer.algorithms === undefined) response.destroy();
    else response.end(jwkSet(issuer.algorithms));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  return issuer;
}

const yamlOf = (url: string, cooldown = "30s", more = "") => `
gateway: { host: 127.0.0.1, port: 0 }
auth:
  jwt: { jwks_url: "${url}", issuer: https://issuer.test, audience: gateway, jwks_cooldown: ${cooldown} }
  ${more}
`;

async function answer(url: string, token: string, path = "/api/v1/models") {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as { readonly error?: { readonly code: string } };
  return body.error === undefined ? [response.status] : [response.status, body.error.code];
}

test("tokens of its keys are taken, and its keys are asked for once", async () => {
  const issuer = await startIssuer(["RS256", "ES256", "EdDSA"]);
  await using gateway = await startTestGateway({ yaml: yamlOf(issuer.url) });
  for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
    expect(await answer(gateway.url, await tokenOf({ algorithm }))).toEqual([200]);
  }
  const unknown = await tokenOf({ algorithm: "ES256", header: { kid: "another" } });
  for (let time = 0; time < 20; time += 1) {
    expect(await answer(gateway.url, unknown)).toEqual([401, "CREDENTIAL_INVALID"]);
  }
  expect(issuer.asked).toBe(1);
});

test("listeners that take different kinds share its keys, which are asked for once, and metrics tell of that", async () => {
  const issuer = await startIssuer(["RS256", "ES256"]);
  const yaml = `
listeners:
  - { name: all, host: 127.0.0.1, port: 0 }
  - { name: tokens, host: 127.0.0.1, port: 0, auth: { accepts: [token] } }
  - { name: keys, host: 127.0.0.1, port: 0, auth: { accepts: [key] } }
auth:
  keys: [{ name: reader, key: reader-key }]
  jwt: { jwks_url: "${issuer.url}", issuer: https://issuer.test, audience: gateway }
`;
  await using gateway = await startTestGateway({ yaml });
  const { all = "", tokens = "", keys = "" } = gateway.urls;
  const token = await tokenOf({ algorithm: "RS256" });
  expect(await answer(all, token)).toEqual([200]);
  expect(await answer(tokens, token)).toEqual([200]);
  expect(await answer(keys, token)).toEqual([401, "CREDENTIAL_INVALID"]);
  expect(issuer.asked).toBe(1);
  const page = await (await fetch(`${all}/metrics`)).text();
  expect(page).toContain('gateway_jwks_fetches_total{result="ok"} 1');
  expect(page).toContain("gateway_jwks_keys 2");
  const [, fetched] = /^gateway_jwks_fetched_timestamp_seconds (\S+)$/m.exec(page) ?? [];
  expect(Math.abs(Number(fetched) - Date.now() / 1000)).toBeLessThan(600);
});

test("who has the same name at two issuers is two callers", async () => {
  const issuer = await startIssuer(["RS256"]);
  const yaml = yamlOf(issuer.url).replace(
    "issuer: https://issuer.test",
    "issuer: [https://issuer.test, https://other.test]",
  );
  const limits = "rate_limiting: { requests_per_minute: 0.001, burst: 1 }";
  await using gateway = await startTestGateway({ yaml: `${yaml}\n${limits}` });
  const one = await tokenOf({ algorithm: "RS256" });
  const two = await tokenOf({ algorithm: "RS256", claims: { iss: "https://other.test" } });
  expect(await answer(gateway.url, one)).toEqual([200]);
  expect(await answer(gateway.url, one)).toEqual([429, "RATE_LIMITED"]);
  expect(await answer(gateway.url, two)).toEqual([200]);
  const { principal } = await gateway.line(({ principal }) => String(principal).includes("other"));
  expect(principal).toBe("jwt:https://other.test#alice");
});

test("a key that it adds is found when a token first names it", async () => {
  const issuer = await startIssuer(["RS256"]);
  await using gateway = await startTestGateway({ yaml: yamlOf(issuer.url, "1ms") });
  expect(await answer(gateway.url, await tokenOf({ algorithm: "RS256" }))).toEqual([200]);
  issuer.algorithms = ["ES256"];
  expect(await answer(gateway.url, await tokenOf({ algorithm: "ES256" }))).toEqual([200]);
});

test("while it is away tokens that its keys have signed are taken on, new ones too", async () => {
  const issuer = await startIssuer(["RS256"]);
  await using gateway = await startTestGateway({ yaml: yamlOf(issuer.url, "1ms") });
  expect(await answer(gateway.url, await tokenOf({ algorithm: "RS256" }))).toEqual([200]);
  issuer.algorithms = undefined;
  const other = await tokenOf({ algorithm: "ES256" });
  expect(await answer(gateway.url, other)).toEqual([401, "CREDENTIAL_INVALID"]);
  const next = await tokenOf({ algorithm: "RS256", claims: { sub: "bob" } });
  expect(await answer(gateway.url, next)).toEqual([200]);
});

test("where it never answered tokens are not wrong, others go on, and it is found when it is there", async () => {
  const issuer = await startIssuer(undefined);
  const more = "failures_per_minute: 1\n  keys: [{ name: reader, key: reader-key }]";
  await using gateway = await startTestGateway({ yaml: yamlOf(issuer.url, "1ms", more) });
  const token = await tokenOf({ algorithm: "RS256" });
  for (let time = 0; time < 5; time += 1) {
    expect(await answer(gateway.url, token)).toEqual([503, "IDENTITY_UNAVAILABLE"]);
  }
  expect(await answer(gateway.url, token, "/api/v1/health")).toEqual([200]);
  expect(await answer(gateway.url, "reader-key")).toEqual([200]);
  const line = await gateway.line(({ msg }) => msg === "jwks");
  expect(line.error).toContain("HTTP call failed");
  const page = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(page).toMatch(/^gateway_jwks_fetches_total\{result="failed"\} [1-9]/m);
  expect(page).not.toMatch(/^gateway_jwks_fetched_timestamp_seconds/m);
  issuer.algorithms = ["RS256"];
  expect(await answer(gateway.url, token)).toEqual([200]);
});

test("other settings take its keys over while it is away", async () => {
  const issuer = await startIssuer(["RS256"]);
  await using gateway = await startTestGateway({ yaml: yamlOf(issuer.url) });
  expect(await answer(gateway.url, await tokenOf({ algorithm: "RS256" }))).toEqual([200]);
  issuer.algorithms = undefined;
  using folder = new ConfigFolder({ "gateway.yaml": yamlOf(issuer.url, "1h") });
  await gateway.replace(settingsOf(folder.load({}, [])));
  const next = await tokenOf({ algorithm: "RS256", claims: { sub: "bob" } });
  expect(await answer(gateway.url, next)).toEqual([200]);
});

test("a key that it takes back verifies nothing any more once other settings are there", async () => {
  const issuer = await startIssuer(["RS256"]);
  await using gateway = await startTestGateway({ yaml: yamlOf(issuer.url) });
  const token = await tokenOf({ algorithm: "RS256" });
  expect(await answer(gateway.url, token)).toEqual([200]);
  issuer.algorithms = ["ES256"];
  using folder = new ConfigFolder({ "gateway.yaml": yamlOf(issuer.url) });
  await gateway.replace(settingsOf(folder.load({}, [])));
  expect(await answer(gateway.url, token)).toEqual([401, "CREDENTIAL_INVALID"]);
});
