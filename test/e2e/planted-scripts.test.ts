/** Scripts and SQL that callers plant in texts come back as the texts that they are, or not at all. */

import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { launchChromium, noChromium } from "../support/chromium.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { missingPostgres, type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { grpcTo } from "../support/transports.ts";

const script = "<script>window.planted = 1</script><img src=x onerror='window.planted = 1'>";
const sql = "'); DROP TABLE history; DROP TABLE polygate_history; DELETE FROM history; --";
const key = 'a-key-of-"<script>';
const yaml = (providerUrl: string) => `
portal: { folder: nowhere } # what / is without one
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: '"} <script>alert(1)</script> {"', key: '${key}', scopes: [admin] }] }
rate_limiting: { requests_per_minute: 10000, burst: 10000 }
providers: { here: { dialect: openai, base_url: "${providerUrl}", api_key: upstream-key } }
requests: { capture: true }
`;

let provider: ProviderDouble;
beforeAll(async () => {
  provider = await startProvider("openai-chat");
});
afterAll(() => provider[Symbol.asyncDispose]());

interface Sent {
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(url: string, { path, method, body, type = "application/json", headers }: Sent) {
  const request = httpRequest(url, {
    path,
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": type,
      accept: "text/html, */*",
      ...headers,
    },
  });
  const responded = once(request, "response");
  request.end(body === undefined || typeof body === "string" ? body : JSON.stringify(body));
  const [response] = await responded;
  return { headers: response.headers, text: await textOf(response) };
}

/** Texts in every place of a request that a response may repeat. */
const placesOf = (planted: string): Sent[] => {
  const escaped = encodeURIComponent(planted);
  const messages = [{ role: "user", content: planted }];
  return [
    { path: `/${planted.replaceAll(/ /g, "%20")}` },
    { path: `/${escaped}` },
    { path: `/models?${escaped}=${escaped}` },
    { path: "/models", method: "POST", body: planted },
    { path: "/api/v1/chat", body: { message: planted, [planted]: planted } },
    { path: "/api/v1/chat", body: { message: planted, model: planted } },
    { path: "/api/v1/chat", body: { message: planted } },
    { path: "/api/v1/chat", body: `{"message": ${planted}` },
    { path: "/api/v1/chat:stream", body: { message: planted } },
    { path: "/api/v1/chat", body: planted, type: `text/html; charset=${escaped}` },
    { path: "/polygate.v1.ChatService/Chat", body: { message: planted } },
    { path: "/polygate.v1.ChatService/Chat", body: { [planted]: planted } },
    {
      path: `/polygate.v1.ChatService/${escaped}`,
      body: {},
      headers: { "connect-protocol-version": "1" },
    },
    { path: "/v1/chat/completions", body: { model: planted, messages } },
    { path: "/v1/chat/completions", body: { model: `here/${planted}`, messages } },
    { path: "/v1/responses", body: { model: planted, input: planted, [planted]: 1 } },
    { path: "/v1/messages", body: { model: planted, max_tokens: 5, messages } },
    { path: `/v1/models/${escaped}` },
    { path: `/v1beta/models/${escaped}:generateContent`, body: { contents: [] } },
    { path: `/v2/models/${escaped}` },
    { path: `/v2/models/${escaped}/infer`, body: { inputs: [{ name: planted }] } },
    { path: `/v1/models/${escaped}/metadata` },
    { path: `/v1/files/${escaped}` },
    { path: `/api/v1/requests?filter.model=${escaped}` },
    { path: `/api/v1/requests?filter.status=${escaped}` },
    {
      path: "/healthz",
      headers: { "x-request-id": encodeURIComponent(planted), accept: planted.replaceAll("'", "") },
    },
  ];
};

describe.each([
  { name: "a script", planted: script },
  { name: "SQL", planted: sql },
])("$name, planted in every text", ({ planted }) => {
  test("is given back as data that no browser runs, and is one line of the log", async () => {
    await using gateway = await startTestGateway({ yaml: yaml(provider.url) });
    const places = placesOf(planted);
    for (const sent of places) {
      const { headers, text } = await ask(gateway.url, sent);
      expect([sent.path, headers["content-type"]]).toEqual([
        sent.path,
        expect.stringMatching(/^(application\/json|text\/event-stream|text\/plain; charset=utf-8)/),
      ]);
      // RPC has no such fields: its clients are no pages.
      if (sent.path.startsWith("/polygate.v1.")) continue;
      expect(headers["x-content-type-options"]).toBe("nosniff");
      if (headers["content-type"]?.startsWith("application/json")) JSON.parse(text);
    }
    for (const path of ["/", "/docs"]) {
      const { headers, text } = await ask(gateway.url, { path, headers: { accept: "text/html" } });
      expect(headers["content-type"]).toContain("text/html");
      expect(text).not.toContain("planted");
      expect(text).not.toContain("DROP");
    }
    // Each line was JSON by itself, or the gateway of the test could not have read it.
    expect(gateway.lines.length).toBeGreaterThanOrEqual(places.length);
  });

  test("does not break the metrics apart", async () => {
    await using gateway = await startTestGateway({ yaml: yaml(provider.url) });
    for (const sent of placesOf(planted)) await ask(gateway.url, sent);
    const { text } = await ask(gateway.url, { path: "/metrics" });
    const label = '[a-z0-9_]+="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
    const line = new RegExp(`^(#.*|[a-z0-9_:]+(\\{${label}(,${label})*,?\\})? [-+.0-9eInfNa]+)?$`);
    expect(text.split("\n").filter((one) => !line.test(one))).toEqual([]);
  });
});

/** Chats whose models are planted, on a gateway with this history; what it then has of them. */
async function remembered(history: string, env: Readonly<Record<string, string>> = {}) {
  const started = () => startTestGateway({ yaml: yaml(provider.url) + history, env });
  const models = [script, sql].map((planted) => planted.slice(0, 200));
  {
    await using gateway = await started();
    for (const model of models) {
      const body = { model: `here/${model}`, messages: [{ role: "user", content: model }] };
      await ask(gateway.url, { path: "/v1/chat/completions", body });
    }
  }
  // What is there after a restart was in the store.
  await using gateway: RunningGateway = await started();
  const stats = createClient(StatsService, grpcTo(gateway.url));
  const headers = { authorization: `Bearer ${key}` };
  const { modelStats } = await stats.getPerformance({}, { headers });
  return { models, known: Object.keys(modelStats) };
}

test("both are names like any other to SQLite", async () => {
  await using folder = await temporaryFolder();
  const file = JSON.stringify(join(folder.path, "history.sqlite"));
  const { models, known } = await remembered(`history: { path: ${file}, cache_ttl: 0s }\n`);
  expect(known).toEqual(
    expect.arrayContaining(models.map((model) => expect.stringContaining(model))),
  );
});

describeWith(missingPostgres)("with PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("both are names like any other", async () => {
    const env = { DATABASE_URL: await server.database() };
    const { models, known } = await remembered("history: { cache_ttl: 0s }\n", env);
    expect(known).toEqual(
      expect.arrayContaining(models.map((model) => expect.stringContaining(model))),
    );
  });
});

describeWith(noChromium)("in a real browser", { timeout: 60_000 }, () => {
  test("the documentation page shows a script that a call gives back, and runs none", async () => {
    await using gateway = await startTestGateway();
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${gateway.url}/docs#ChatService_Chat`);
      await page.waitForSelector("main form");
      await page
        .locator("main form textarea")
        .first()
        .fill(JSON.stringify({ message: `echo ${script}` }));
      await page.click("main button[type=submit]");
      await page.locator(".status", { hasText: / ms$/ }).waitFor();
      expect(await page.textContent(".answer")).toContain("window.planted");
      expect(await page.evaluate("window.planted")).toBeUndefined();
      // The same where a script of the page itself would put it in.
      await page.evaluate(
        `document.body.insertAdjacentHTML("beforeend", ${JSON.stringify(script)})`,
      );
      await page.evaluate("new Promise((resolve) => setTimeout(resolve, 200))");
      expect(await page.evaluate("window.planted")).toBeUndefined();
    } finally {
      await browser.close();
    }
  });
});
