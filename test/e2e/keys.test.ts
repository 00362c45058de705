/** Keys that are made while the gateway runs: over REST, in a SQLite file and in PostgreSQL, on one gateway and on two. */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { missingPostgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { grpcTo } from "../support/transports.ts";

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

const chat = (gateway: RunningGateway, key: string, headers = {}) =>
  ask(gateway, "POST", "/v1/chat/completions", {
    ...{ key, headers },
    body: { model: "provider/double", messages: [{ role: "user", content: "hello" }] },
  });

/** Asks until a response has this status; what keeps it waiting for ever fails the test by its time. */
async function untilStatus(gateway: RunningGateway, key: string, wanted: number): Promise<void> {
  while ((await chat(gateway, key)).status !== wanted) await sleep(20);
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

test("whoever is held to models and routes makes no key, and gets the text of none, that is held to less", async () => {
  await using folder = await temporaryFolder();
  await using gateway = await startTestGateway({ yaml: yamlWith(`{ path: ${folder.path}/k.db }`) });
  const own = { models: ["provider/*"], routes: ["/api/v1/keys", "/v1/chat"] };
  const key = await made(gateway, { name: "held", scopes: ["admin"], ...own });
  await made(gateway, { name: "free", scopes: ["admin"] });
  const post = (path: string, body: object) => ask(gateway, "POST", path, { body, key });
  const refused = (code: string) => ({ status: 403, body: { error: { code } } });

  for (const models of [[], ["*"], ["prov*"], ["provider/double", "other/double"]]) {
    const wish = { name: "more", ...own, models };
    expect(await post("/api/v1/keys", wish)).toMatchObject(refused("MODEL_NOT_ALLOWED"));
  }
  for (const routes of [[], ["/"], ["/v1/"], ["/v1/chat/completions", "/v2/"]]) {
    const wish = { name: "more", ...own, routes };
    expect(await post("/api/v1/keys", wish)).toMatchObject(refused("ROUTE_NOT_ALLOWED"));
  }
  const change = (body: object) => ask(gateway, "PATCH", "/api/v1/keys/held", { body, key });
  expect(await change({ models: [] })).toMatchObject(refused("MODEL_NOT_ALLOWED"));
  expect(await change({ routes: [] })).toMatchObject(refused("ROUTE_NOT_ALLOWED"));
  expect(await post("/api/v1/keys/free:rotate", {})).toMatchObject(refused("MODEL_NOT_ALLOWED"));

  const less = { models: ["provider/double"], routes: ["/v1/chat/completions"] };
  expect((await post("/api/v1/keys", { name: "less", ...less })).status).toBe(200);
  expect((await post("/api/v1/keys/less:rotate", {})).status).toBe(200);
  expect((await post("/api/v1/keys/free:revoke", {})).status).toBe(200);
});

test("files and cached responses are a key's own, by whatever name: who is given its name is given nothing of it", async () => {
  await using folder = await temporaryFolder();
  mkdirSync(`${folder.path}/uploads`);
  const yaml = `${yamlWith(`{ path: ${folder.path}/k.db }`)}
uploads: { folder: ${folder.path}/uploads }
cache: { models: [provider/double] }
`;
  await using gateway = await startTestGateway({ yaml });
  const first = await made(gateway, { name: "ci" });
  const sent = await fetch(`${gateway.url}/v1/upload`, {
    method: "POST",
    headers: { authorization: `Bearer ${first}`, "content-type": "image/png" },
    body: readFileSync(digitImage(7)),
  });
  const { id } = (await sent.json()) as { readonly id: string };
  const predict = async (key: string) => {
    const body = { file_id: id, top_k: 1 };
    return (await ask(gateway, "POST", "/api/v1/models/digits:predict", { body, key })).status;
  };
  const asked = async (key: string) => {
    const before = provider.received.length;
    await chat(gateway, key);
    return provider.received.length - before;
  };
  expect(await predict(first)).toBe(200);
  expect([await asked(first), await asked(first)]).toEqual([1, 0]);

  // It keeps them under another name, which leaves its own to others.
  expect((await ask(gateway, "PATCH", "/api/v1/keys/ci", { body: { name: "cd" } })).status).toBe(
    200,
  );
  expect([await predict(first), await asked(first)]).toEqual([200, 0]);
  const second = await made(gateway, { name: "ci" });
  expect([await predict(second), await asked(second)]).toEqual([404, 1]);

  expect((await ask(gateway, "POST", "/api/v1/keys/cd:revoke", { body: {} })).status).toBe(200);
  const third = await made(gateway, { name: "cd" });
  expect([await predict(third), await asked(third)]).toEqual([404, 1]);
}, 60_000);

test("a key that is revoked ends what goes on with it: watches, and streams of questions", async () => {
  await using folder = await temporaryFolder();
  await using gateway = await startTestGateway({ yaml: yamlWith(`{ path: ${folder.path}/k.db }`) });
  const headers = {
    authorization: `Bearer ${await made(gateway, { name: "w", scopes: ["admin"] })}`,
  };
  const transport = grpcTo(gateway.url);
  const requests = createClient(RequestsService, transport).watchRequests({}, { headers });
  const stats = createClient(StatsService, transport).watchStats({ intervalMs: 200 }, { headers });
  const goOn = Promise.withResolvers<void>();
  const question = { model: "digits", file: new Uint8Array(readFileSync(digitImage(7))) };
  const questions = (async function* () {
    yield question;
    await goOn.promise;
    yield question;
  })();
  const predicted = createClient(PredictService, transport).streamPredict(questions, { headers });
  const streams = [requests, stats, predicted].map((one) => one[Symbol.asyncIterator]());
  for (const stream of streams) expect((await stream.next()).done).toBe(false);

  expect((await ask(gateway, "POST", "/api/v1/keys/w:revoke", { body: {} })).status).toBe(200);
  goOn.resolve();
  const toItsEnd = async (stream: AsyncIterator<unknown>) => {
    while ((await stream.next()).done !== true);
  };
  for (const stream of streams) {
    await expect(toItsEnd(stream)).rejects.toMatchObject({ code: Code.Unauthenticated });
  }
});

test.each(["self", "anonymous", "key_1", "jwt:alice", "user:ann", "cert:batch", "__proto__"])(
  "no key is made with the name %s, which is somebody else's",
  async (name) => {
    await using folder = await temporaryFolder();
    const yaml = yamlWith(`{ path: ${folder.path}/k.db }`);
    await using gateway = await startTestGateway({ yaml });
    expect(await ask(gateway, "POST", "/api/v1/keys", { body: { name } })).toMatchObject({
      status: 400,
      body: { error: { code: "REQUEST_INVALID" } },
    });
  },
);

/** What every store keeps to; `placeOf` gives a fresh one as `auth.key_store` has it. */
function stores(placeOf: () => Promise<string>) {
  test("a key is shown once, works at once, and after a restart", async () => {
    const yaml = yamlWith(await placeOf());
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
    const { body } = await ask(gateway, "GET", "/api/v1/keys/ci");
    expect(body.key.last_use_time).toEqual(expect.any(String));
  });

  test("what a key and a group spent counts against their budgets after a restart, once", async () => {
    const place = await placeOf();
    // A call costs 0.008 dollars, and some more are reserved for it.
    const team = "{ budget: { usd: 0.022, period: month } }";
    const yaml = yamlWith(place).replace("{ requests_per_minute: 1000 }", team);
    const own = { allowance: { budget: { usd: 0.022, period: "week" } } };
    const rolling = { allowance: { budget: { usd: 0.022, period: "30d" } } };
    const keys = new Map<string, string>();
    const spend = (gateway: RunningGateway, name: string) =>
      ask(gateway, "POST", "/v1/chat/completions", {
        key: keys.get(name) ?? "",
        body: {
          ...{ model: "provider/double", max_tokens: 9 },
          messages: [{ role: "user", content: "hello" }],
        },
      });
    const refusals = async (gateway: RunningGateway) => {
      const found = [];
      for (const name of keys.keys()) {
        const { status, body } = await spend(gateway, name);
        if (status !== 200) found.push([name, status, body.error.message]);
      }
      return found;
    };
    const spent = [
      ["own", 429, expect.stringContaining("principal's budget of 0.022 US dollars per week")],
      ["rolling", 429, expect.stringContaining("principal's budget of 0.022 US dollars per 30")],
      ["of-team", 429, expect.stringContaining("group's budget of 0.022 US dollars per month")],
      ["also-of-team", 429, expect.stringContaining("group's budget")],
    ];
    {
      await using gateway = await startTestGateway({ yaml });
      const make = async (name: string, key: object) =>
        keys.set(name, await made(gateway, { name, ...key }));
      await make("own", own);
      await make("rolling", rolling);
      await make("of-team", { group: "team" });
      for (const name of keys.keys()) expect((await spend(gateway, name)).status).toBe(200);
      // Another one of the group, and one of whom nothing was spent.
      await make("also-of-team", { group: "team" });
      await make("thrifty", own);
    }
    {
      await using gateway = await startTestGateway({ yaml });
      // Of 0.022 dollars 0.014 are left, which is enough once.
      expect(await refusals(gateway)).toEqual([
        ["also-of-team", 429, expect.stringContaining("group's budget")],
      ]);
    }
    await using gateway = await startTestGateway({ yaml });
    expect(await refusals(gateway)).toEqual(spent);
    expect(await refusals(gateway)).toEqual([...spent, ["thrifty", 429, expect.anything()]]);
  });

  // Each of the three waits for time to pass, and they do so side by side.
  test.concurrent("a key that one gateway makes, changes or revokes is so for the other when that has looked", async () => {
    const yaml = yamlWith(await placeOf());
    await using here = await startTestGateway({ yaml });
    await using there = await startTestGateway({ yaml });
    const secret = await made(here, { name: "ci" });
    await untilStatus(there, secret, 200);

    const patch = { body: { models: ["provider/other"] } };
    expect((await ask(here, "PATCH", "/api/v1/keys/ci", patch)).status).toBe(200);
    expect((await chat(here, secret)).status).toBe(403);
    await untilStatus(there, secret, 403);

    expect((await ask(here, "POST", "/api/v1/keys/ci:revoke", { body: {} })).status).toBe(200);
    expect((await chat(here, secret)).status).toBe(401);
    await untilStatus(there, secret, 401);
  });

  test.concurrent("a key that is rotated works by both texts for a while, then by the new one alone", async () => {
    const yaml = yamlWith(await placeOf());
    await using here = await startTestGateway({ yaml });
    await using there = await startTestGateway({ yaml });
    const first = await made(here, { name: "ci" });
    const rotated = { body: { overlap_seconds: 3 } };
    const { body } = await ask(here, "POST", "/api/v1/keys/ci:rotate", rotated);
    const second: string = body.secret;
    expect(second).not.toBe(first);
    expect(body.key.previous_expire_time).toEqual(expect.any(String));
    await untilStatus(there, second, 200);
    expect([(await chat(here, first)).status, (await chat(there, first)).status]).toEqual([
      200, 200,
    ]);
    await untilStatus(here, first, 401);
    await untilStatus(there, first, 401);
    expect([(await chat(here, second)).status, (await chat(there, second)).status]).toEqual([
      200, 200,
    ]);
    const atOnce = { body: { overlap_seconds: 0 } };
    const third = (await ask(here, "POST", "/api/v1/keys/ci:rotate", atOnce)).body.secret;
    expect([(await chat(here, second)).status, (await chat(here, third)).status]).toEqual([
      401, 200,
    ]);
  });

  test.concurrent("a key ends by itself when its time has come", async () => {
    await using gateway = await startTestGateway({ yaml: yamlWith(await placeOf()) });
    const expire_time = new Date(Date.now() + 2_000).toISOString();
    const secret = await made(gateway, { name: "ci", expire_time });
    expect((await chat(gateway, secret)).status).toBe(200);
    await untilStatus(gateway, secret, 401);
    const { body } = await ask(gateway, "GET", "/api/v1/keys/ci");
    expect(body.key.state).toBe("expired");
    const rotated = await ask(gateway, "POST", "/api/v1/keys/ci:rotate", { body: {} });
    expect([rotated.status, rotated.body.error.message]).toEqual([400, 'the key "ci" is expired']);
  });

  test("spending is summed up by key, group, tag and model, over gateways and restarts", async () => {
    const yaml = yamlWith(await placeOf());
    {
      await using here = await startTestGateway({ yaml });
      await using there = await startTestGateway({ yaml });
      const ci = await made(here, { name: "ci", group: "team", tags: ["nightly"] });
      const dev = await made(here, { name: "dev", group: "team" });
      await untilStatus(there, ci, 200);
      await chat(here, ci, { "x-polygate-tags": "nightly, release" });
      await chat(here, dev, { "x-polygate-tags": "release" });
      await untilStatus(there, dev, 200);
    }
    await using gateway = await startTestGateway({ yaml });
    const rowsBy = async (by: string, more = "") => {
      const { body } = await ask(gateway, "GET", `/api/v1/usage?by=${by}${more}`);
      const rows = body.rows.map((row: Record<string, unknown>) => [row.name, row.requests]);
      return { rows: Object.fromEntries(rows), total: body.total };
    };
    const byKey = await rowsBy("key");
    // Calls that were refused because a key had not yet been seen are nobody's.
    expect(byKey.rows).toMatchObject({ ci: 2, dev: 2 });
    const { body: own } = await ask(gateway, "GET", "/api/v1/usage?key=ci");
    expect(own.total.prompt_tokens).toBeGreaterThan(0);
    // A thousand dollars for a million tokens: a thousandth, that is a thousand millionths, each.
    const tokens = own.total.prompt_tokens + own.total.completion_tokens;
    expect(own.total.micro_usd).toBeCloseTo(tokens * 1000, 3);
    expect((await rowsBy("group")).rows).toMatchObject({ team: 4 });
    expect((await rowsBy("tag")).rows).toMatchObject({ nightly: 2, release: 2 });
    expect((await rowsBy("model", "&group=team")).rows).toEqual({ double: 4 });
    expect((await rowsBy("key", "&tag=release")).rows).toEqual({ ci: 1, dev: 1 });
    const past = "&start_time=2020-01-01T00:00:00Z&end_time=2020-02-01T00:00:00Z";
    expect(await rowsBy("key", past)).toEqual({
      rows: {},
      total: expect.objectContaining({ requests: 0 }),
    });
  });

  test("lists are paged, without the revoked unless they are asked for", async () => {
    await using gateway = await startTestGateway({ yaml: yamlWith(await placeOf()) });
    for (const name of ["a", "b", "c"]) await made(gateway, { name });
    await ask(gateway, "POST", "/api/v1/keys/b:revoke", { body: {} });
    const names = async (query: string) => {
      const { body } = await ask(gateway, "GET", `/api/v1/keys?${query}`);
      const listed = (body.keys ?? []).map((key: { spec: { name: string } }) => key.spec.name);
      return { listed, next: body.next_page_token ?? "" };
    };
    expect(await names("")).toEqual({ listed: ["c", "a"], next: "" });
    const first = await names("include_revoked=true&page_size=2");
    expect(first.listed).toEqual(["c", "b"]);
    expect(await names(`include_revoked=true&page_size=2&page_token=${first.next}`)).toEqual({
      listed: ["a"],
      next: "",
    });
    // The name of a revoked key is free again.
    await made(gateway, { name: "b" });
    const again = await ask(gateway, "POST", "/api/v1/keys", { body: { name: "c" } });
    expect([again.status, again.body.error.code]).toEqual([409, "ALREADY_EXISTS"]);
  });
}

describe("in a SQLite file", () => {
  stores(async () => `{ path: "${(await temporaryFolder()).path}/keys.db" }`);

  test("the text of a key is in the response that made it, and nowhere else", async () => {
    await using folder = await temporaryFolder();
    const file = `${folder.path}/keys.db`;
    const told: unknown[] = [];
    const texts: string[] = [];
    let lines: readonly unknown[];
    {
      await using gateway = await startTestGateway({ yaml: yamlWith(`{ path: "${file}" }`) });
      const secret = await made(gateway, { name: "ci", scopes: ["admin"] });
      const rotated = await ask(gateway, "POST", "/api/v1/keys/ci:rotate", { body: {} });
      texts.push(secret, rotated.body.secret);
      const key = rotated.body.secret;
      await chat(gateway, key);
      told.push(
        await ask(gateway, "GET", "/api/v1/keys", { key }),
        await ask(gateway, "GET", "/api/v1/keys/ci", { key }),
        await ask(gateway, "GET", "/api/v1/keys/self", { key }),
        await ask(gateway, "PATCH", "/api/v1/keys/ci", { key, body: { tags: ["x"] } }),
        await ask(gateway, "POST", "/api/v1/keys/nobody:revoke", { key, body: {} }),
        await ask(gateway, "GET", "/api/v1/usage", { key }),
        await ask(gateway, "GET", "/api/v1/requests", { key }),
        await ask(gateway, "POST", "/api/v1/keys/ci:revoke", { key, body: {} }),
        await chat(gateway, key),
        await (await fetch(`${gateway.url}/metrics`)).text(),
      );
      const { body } = await ask(gateway, "GET", "/api/v1/requests");
      for (const { request_id: id } of body.requests) {
        told.push(await ask(gateway, "GET", `/api/v1/requests/${id}`));
      }
      lines = gateway.lines;
    }
    const kept = ["", "-wal", "-shm"].filter((end) => existsSync(file + end));
    const bytes = kept.map((end) => readFileSync(file + end, "latin1"));
    const all = JSON.stringify([told, lines, bytes]);
    expect(texts).toHaveLength(2);
    for (const text of texts) expect(all.includes(text.slice(13))).toBe(false);
    const acts = lines.filter((line) => (line as { msg?: unknown }).msg === "admin");
    expect(acts).toMatchObject([
      { principal: "admin", action: "create_key", name: "ci" },
      { principal: "admin", action: "rotate_key", name: "ci" },
      { principal: "ci", action: "update_key", name: "ci" },
      { principal: "ci", action: "revoke_key", name: "ci" },
    ]);
  });

  test("a stream that its client leaves counts what came until then, relayed or translated", async () => {
    await using folder = await temporaryFolder();
    const yaml = yamlWith(`{ path: "${folder.path}/keys.db" }`);
    await using gateway = await startTestGateway({ yaml });
    provider.illness = { kind: "stall_after", frames: 3 };
    onTestFinished(() => {
      provider.illness = undefined;
    });
    const model = "provider/double";
    const messages = [{ role: "user", content: "hello ".repeat(100) }];
    for (const [name, path, body] of [
      ["relayed", "/v1/chat/completions", { model, messages, stream: true }],
      ["translated", "/v1/messages", { model, messages, max_tokens: 99, stream: true }],
    ] as const) {
      const key = await made(gateway, { name });
      const leaving = new AbortController();
      const response = await fetch(gateway.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: leaving.signal,
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      // The double's second frame is the first with words in it.
      while (!/"(content|text)":"\w/.test(text)) text += (await reader?.read())?.value ?? "";
      leaving.abort();
      await expect
        .poll(async () => (await ask(gateway, "GET", `/api/v1/usage?key=${name}`)).body.total)
        .toMatchObject({ requests: 1 });
      const { body: told } = await ask(gateway, "GET", `/api/v1/usage?key=${name}`);
      // Six hundred characters are some 150 tokens.
      expect(told.total.prompt_tokens).toBeGreaterThan(100);
      expect(told.total.completion_tokens).toBeGreaterThan(0);
      const tokens = told.total.prompt_tokens + told.total.completion_tokens;
      expect(told.total.micro_usd).toBeCloseTo(tokens * 1000, 3);
    }
  });

  test("what is wrong with a key is told by its field", async () => {
    await using folder = await temporaryFolder();
    const yaml = yamlWith(`{ path: "${folder.path}/keys.db" }`);
    await using gateway = await startTestGateway({ yaml });
    const refusal = async (method: string, path: string, body: unknown) => {
      const reply = await ask(gateway, method, path, { body });
      return [reply.status, reply.body.error.message];
    };
    const post = (body: unknown) => refusal("POST", "/api/v1/keys", body);
    expect(await post({ name: "a b" })).toEqual([400, expect.stringContaining("key.name")]);
    expect(await post({ name: "self" })).toEqual([400, expect.stringContaining("key.name")]);
    expect(await post({ name: "key_1" })).toEqual([400, expect.stringContaining("key.name")]);
    expect(await post({ name: "a", group: "no" })).toEqual([
      400,
      "key.group: it is no group of auth.groups; there is team",
    ]);
    expect(await post({ name: "a", expire_time: "2020-01-01T00:00:00Z" })).toEqual([
      400,
      "key.expire_time: it has passed",
    ]);
    expect(await post({ name: "a", scopes: ["root"] })).toEqual([
      400,
      expect.stringContaining("scopes"),
    ]);
    expect(await post({ name: "admin" })).toEqual([409, 'there is a key named "admin"']);
    expect(await refusal("PATCH", "/api/v1/keys/admin", { models: ["x"] })).toEqual([
      404,
      "id: it is a key of the settings, which are to be changed instead",
    ]);
    await made(gateway, { name: "a" });
    expect(await refusal("PATCH", "/api/v1/keys/a", {})).toEqual([
      400,
      "update_mask: it names no field, so nothing would change",
    ]);
    expect(await refusal("POST", "/api/v1/keys/a%00:revoke", {})).toEqual([
      404,
      "key: there is no such key",
    ]);
  });

  test("a key without the scope reads itself, and nothing else", async () => {
    await using folder = await temporaryFolder();
    const yaml = yamlWith(`{ path: "${folder.path}/keys.db" }`);
    await using gateway = await startTestGateway({ yaml });
    const budget = { usd: 5, period: "day", on_exceeded: "warn" };
    const key = await made(gateway, {
      name: "ci",
      allowance: { requests_per_minute: 900, budget },
    });
    await chat(gateway, key);
    const self = () => ask(gateway, "GET", "/api/v1/keys/self", { key });
    expect(await self()).toMatchObject({
      status: 200,
      body: { key: { spec: { name: "ci", allowance: { requests_per_minute: 900, budget } } } },
    });
    const used = { name: "ci", requests: 1 };
    await expect
      .poll(async () => (await self()).body.usage, { timeout: 20_000 })
      .toMatchObject(used);
    for (const [method, path, body] of [
      ["GET", "/api/v1/keys"],
      ["GET", "/api/v1/keys/ci"],
      ["GET", "/api/v1/usage"],
      ["POST", "/api/v1/keys", { name: "x" }],
      ["PATCH", "/api/v1/keys/ci", { scopes: ["admin"] }],
      ["POST", "/api/v1/keys/ci:rotate", {}],
      ["POST", "/api/v1/keys/ci:revoke", {}],
    ] as const) {
      const reply = await ask(gateway, method, path, { key, body });
      expect([path, reply.status, reply.body.error.code]).toEqual([path, 403, "SCOPE_REQUIRED"]);
    }
  });
});

describeWith(missingPostgres)("in PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  stores(async () => `{ url: "${await server.database()}" }`);

  test("while the database is away known keys go on, for as long as the settings say, and no longer", async () => {
    const url = await server.database();
    const yaml = yamlWith(`{ url: "${url}", outage: 5s }`);
    await using gateway = await startTestGateway({ yaml });
    const known = await made(gateway, { name: "ci" });
    expect((await chat(gateway, known)).status).toBe(200);
    await server.stop();
    // Usage is written to the same store, and tells of it on its own.
    const ofKeys = (wanted: string) =>
      gateway.line(({ msg, about }) => msg === `the store of keys ${wanted}` && about === "keys");
    const { error } = await ofKeys("fails");
    expect(error).toMatch(/ECONNREFUSED|terminat|shutting down/);
    expect((await chat(gateway, known)).status).toBe(200);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/^gateway_key_store_up 0$/m);
    expect(metrics).toMatch(/^gateway_key_store_failures_total\{about="keys"\} [1-9]/m);
    expect(await ask(gateway, "POST", "/api/v1/keys", { body: { name: "b" } })).toMatchObject({
      status: 503,
      body: { error: { code: "KEYS_UNAVAILABLE" } },
    });
    await untilStatus(gateway, known, 503);
    // Keys of the settings need no database.
    expect((await chat(gateway, admin)).status).toBe(200);
    await server.start();
    await ofKeys("works again");
    expect((await chat(gateway, known)).status).toBe(200);
    expect(JSON.stringify(gateway.lines)).not.toContain(new URL(url).password);
  });

  test("DATABASE_URL keeps keys as well, and turns nobody away by itself", async () => {
    const env = { DATABASE_URL: await server.database() };
    const yaml = "gateway: { host: 127.0.0.1, port: 0 }";
    {
      await using open = await startTestGateway({ yaml, env });
      expect((await fetch(`${open.url}/api/v1/models`)).status).toBe(200);
    }
    await using gateway = await startTestGateway({ yaml, env: { ...env, API_KEY: admin } });
    const key = await made(gateway, { name: "ci" });
    expect((await ask(gateway, "GET", "/api/v1/models", { key })).status).toBe(200);
  });
});
