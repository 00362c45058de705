/** Keys that are made while the gateway runs: over REST, in a SQLite file and in PostgreSQL, on one gateway and on two. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { missingPostgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const admin = "admins-key-that-is-long-enough";

interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what is told is what is looked at.
  readonly body: any;
}

async function ask(
  { url }: RunningGateway,
  method: string,
  path: string,
  { body, key = admin, headers = {} }: { body?: unknown; key?: string; headers?: object } = {},
): Promise<Reply> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** Makes a key; gives its text. */
async function made(gateway: RunningGateway, key: object): Promise<string> {
  const { status, body } = await ask(gateway, "POST", "/api/v1/keys", { body: key });
  expect([status, body]).toEqual([200, expect.objectContaining({ secret: expect.any(String) })]);
  return body.secret;
}

const chat = (gateway: RunningGateway, key: string, model?: string, headers?: object) =>
  ask(gateway, "POST", "/v1/chat/completions", {
    key,
    headers,
    body: { model: model ?? "provider/double", messages: [{ role: "user", content: "hello" }] },
  });

/** Asks until a response has this status: what another gateway did is seen within a second. */
async function statusWithin(gateway: RunningGateway, key: string, wanted: number) {
  const beganMs = performance.now();
  for (;;) {
    const { status } = await chat(gateway, key);
    const tookMs = performance.now() - beganMs;
    if (status === wanted || tookMs > 10_000) return { status, tookMs };
  }
}

let provider: ProviderDouble;
beforeAll(async () => {
  provider = await startProvider("openai-chat");
});
afterAll(() => provider[Symbol.asyncDispose]());

const yamlWith = (store: string, more = "") => `
gateway: { host: 127.0.0.1, port: 0 }
auth:
  keys: [{ name: admin, key: ${admin}, scopes: [admin] }]
  groups: { team: { requests_per_minute: 1000 } }
  ${store === "" ? "" : `key_store: ${store}`}
  ${more}
requests: { capture: true }
providers:
  provider: { dialect: openai, base_url: "${provider.url}", api_key: upstream, default_model: double, prices: { double: { input: 1000, output: 1000 } } }
`;

describe("without a store", () => {
  test("every key is one of the settings, and the refusal names the setting", async () => {
    await using gateway = await startTestGateway({ yaml: yamlWith("") });
    expect(await ask(gateway, "POST", "/api/v1/keys", { body: { name: "ci" } })).toEqual({
      status: 400,
      body: {
        error: expect.objectContaining({
          code: "FAILED_PRECONDITION",
          message: "no keys are kept: set auth.key_store.path or .url",
        }),
      },
    });
    expect(await ask(gateway, "GET", "/api/v1/keys/self")).toMatchObject({
      status: 200,
      body: { key: { spec: { name: "admin", scopes: ["admin"] }, source: "settings" } },
    });
  });
});

describe("in a SQLite file", () => {
  test("a key is shown once, works at once, and after a restart", async () => {
    await using folder = await temporaryFolder();
    const yaml = yamlWith(`{ path: "${folder.path}/keys.db" }`);
    let secret = "";
    {
      await using gateway = await startTestGateway({ yaml });
      secret = await made(gateway, { name: "ci", group: "team", tags: ["nightly"] });
      expect(secret).toMatch(/^pg_live_[0-9A-Za-z]{49}$/);
      expect((await chat(gateway, secret)).status).toBe(200);
      const { body } = await ask(gateway, "GET", "/api/v1/keys/ci");
      expect(body.key).toMatchObject({
        id: expect.stringMatching(/^key_/),
        spec: { name: "ci", group: "team", tags: ["nightly"] },
        prefix: secret.slice(0, 12),
        state: "active",
        source: "store",
        created_by: "admin",
      });
    }
    await using gateway = await startTestGateway({ yaml });
    expect((await chat(gateway, secret)).status).toBe(200);
  });
});
