/** No secret gets out of the configuration: neither in a problem's text nor in the settings. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { problemText } from "#yaml/problem.ts";
import { loadYaml } from "../support/config-folder.ts";

const secret = fc
  .string({ minLength: 12, maxLength: 40 })
  .filter((text) => /[A-Za-z]/.test(text) && !/^[\w ]*$/.test(text))
  .map((text) => `S3cr3t${text}`);

/** Files that a secret may be in at the wrong place, as text or through the environment. */
const places = [
  "auth: {secret_key: §}",
  "auth: {keys: [{name: a, key: §}, {name: a, key: §, scopes: [admin]}]}",
  "auth: {keys: [{name: a, key_sha256: §}]}",
  "auth: {type: §, enabled: §}",
  "auth: {type: basic, secret_key: §, users: [{name: §}], jwt: {secret: §, issuer: §, algorithms: [§], jwks_file: §}}",
  "auth: {users: [{name: §, password_scrypt: §}], certificates: [{name: §, dns: §, scopes: [§]}]}",
  "auth: {identity_secret: §, identity_key_file: §, jwt: {jwks_url: §, clock_skew: §}}",
  "auth: §",
  "gateway: {port: §, timeout: §, max_request_size: §}",
  "cores: [{url: §, weight: §}]",
  "cors: {origins: [§], methods: [§]}",
  "logging: {level: §}",
  "environment: §",
  "metrics: {path: §}\nlisteners: [{name: §, port: 1}, {port: §}]",
  "hooks: [{name: §, url: §, token: §, models: [§], on_error: §}, {module: §, token: §}]",
  "trusted_proxies: [§]\nrate_limiting: {routes: [{match: §}]}",
  "auth: {secret_key: §",
  "auth:\n secret_key: §\n§",
  "redis: {url: §, ca_file: §, on_store_error: §}",
  "redis: {cluster: [§, 'redis://:§@host', 'rediss://host/1']}",
  "- §",
  "§",
];

test("what is written never comes back, whatever is wrong with it", () => {
  fc.assert(
    fc.property(secret, fc.constantFrom(...places), fc.boolean(), (text, place, production) => {
      const yaml = place.replaceAll("§", () => JSON.stringify(text));
      expectUntold(loadYaml(yaml, production ? { ENVIRONMENT: "production" } : {}), text);
    }),
    { numRuns: 300 },
  );
});

test("what is filled in from the environment never comes back", () => {
  fc.assert(
    fc.property(secret, fc.constantFrom(...places), (text, place) => {
      const yaml = place.replaceAll("§", () => `"\${SECRET}"`);
      expectUntold(loadYaml(yaml, { SECRET: text, ENVIRONMENT: "production" }), text);
    }),
    { numRuns: 200 },
  );
});

test("what is set by variable or flag never comes back", () => {
  const names = [
    "API_KEY",
    "SECRET_KEY",
    "AUTH_SECRET_KEY",
    "GATEWAY_PORT",
    "TWIN_URL",
    "AGENT_CONTROLLER_URL",
    "LOG_LEVEL",
    "CORS_ORIGINS",
    "RATE_LIMIT_REQUESTS",
  ];
  fc.assert(
    fc.property(secret, fc.constantFrom(...names), (text, name) => {
      expectUntold(loadYaml("", { [name]: text, ENVIRONMENT: "production" }), text);
      expectUntold(loadYaml("", {}, ["--port", text, text, `--unknown=${text}`]), text);
    }),
    { numRuns: 200 },
  );
});

function expectUntold(loaded: ReturnType<typeof loadYaml>, text: string): void {
  const told = loaded.ok
    ? JSON.stringify(loaded.settings.auth)
    : loaded.problems.map(problemText).join("\n");
  for (const form of [text, text.slice(0, 14), text.toLowerCase()])
    expect(told).not.toContain(form);
}
