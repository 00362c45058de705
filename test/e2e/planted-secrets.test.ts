/** Secrets are planted wherever one may be, and nothing that the process writes has one. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { toJsonString } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { GetRequestResponseSchema, RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { freePort } from "../support/free-port.ts";
import { fromSource } from "../support/polygate-process.ts";
import { startProvider } from "../support/provider-double.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { grpcTo } from "../support/transports.ts";

/** Each is told from all others, and from every text of the gateway's own. */
const planted = {
  operatorKey: "plantedOperatorKey-3f9a",
  callerKey: "plantedCallerKey-77c1",
  variableKey: "plantedVariableKey-0b2d",
  providerKey: "plantedProviderKey-51ee",
  vendorKey: "sk-plantedVendorKey9d04",
  idSecret: "plantedIdSecret-0123456789abcdef0123",
  hookToken: "plantedHookToken-aa42",
  databasePassword: "plantedDatabasePassword8c",
  fileSecret: "plantedFileSecret-e6f0",
  wrongBearer: "plantedWrongBearer-19",
  wrongHeaderKey: "plantedWrongHeaderKey-20",
  wrongQueryKey: "plantedWrongQueryKey-21",
  cookie: "plantedCookie-22",
  bodyPassword: "plantedBodyPassword-23",
  promptKey: "sk-plantedPromptKey0024",
  pathToken: "plantedPathToken-25",
} as const;

/** The secrets in a text, by their names. */
function found(text: string): string[] {
  return Object.entries(planted).flatMap(([name, secret]) => (text.includes(secret) ? [name] : []));
}

const yaml = (providerUrl: string, port = 0) => `
gateway: { host: 127.0.0.1, port: ${port} }
auth:
  failures_per_minute: 1000
  keys:
    - { name: operator, key: ${planted.operatorKey}, scopes: [admin] }
    - { name: app, key: ${planted.callerKey} }
    - { name: file, key: "\${file:secret}" }
providers:
  here: { dialect: openai, base_url: "${providerUrl}", api_key: ${planted.providerKey}, default_model: double }
  gone: { dialect: openai, base_url: "http://127.0.0.1:1", api_key: ${planted.providerKey}, default_model: double }
relay: { id_secret: ${planted.idSecret} }
hooks: [{ name: judge, url: "http://127.0.0.1:1/judge", token: ${planted.hookToken}, models: [judged], on_error: allow }]
history: { path: history.sqlite }
requests: { capture: true }
audit: { output: audit.log }
`;
const environment = {
  API_KEY: planted.variableKey,
  OPENAI_API_KEY: planted.vendorKey,
  OPENAI_BASE_URL: "http://127.0.0.1:1",
};

interface Sent {
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const model = "here/double";
const hidden = {
  password: planted.bodyPassword,
  note: `my key is ${planted.promptKey}, authorization: Bearer ${planted.pathToken}`,
};
/** A chat on each surface, with secrets in its words. */
const chats = (asked: string): Sent[] => [
  { path: "/api/v1/chat", body: { message: hidden.note, model: asked } },
  { path: "/api/v1/chat", body: { message: 1, api_key: hidden.password } },
  { path: "/polygate.v1.ChatService/Chat", body: { message: hidden.note, model: asked } },
  { path: "/polygate.v1.ChatService/Chat", body: { password: hidden.password } },
  {
    path: "/v1/chat/completions",
    body: { model: asked, messages: [{ role: "user", content: hidden.note }] },
  },
  { path: "/v1/chat/completions", body: { model: asked, messages: hidden.note, ...hidden } },
  { path: "/v1/responses", body: { model: asked, input: hidden.note, ...hidden } },
  {
    path: "/v1/messages",
    body: { model: asked, max_tokens: 5, messages: [{ role: "user", content: hidden.note }] },
  },
  {
    path: `/v1beta/models/${encodeURIComponent(asked)}:generateContent`,
    body: { contents: [{ parts: [{ text: hidden.note }] }] },
  },
  { path: "/v2/models/digits/infer", body: hidden },
  { path: "/v1/models/digits:predict", body: hidden },
  { path: "/v1/audio/speech", body: { model: asked, input: hidden.note, ...hidden } },
];
/** Callers whom no one knows, by each way to send a key. */
const guesses: Sent[] = [
  { path: "/models", headers: { authorization: `Bearer ${planted.wrongBearer}` } },
  { path: "/models", headers: { authorization: `Basic ${planted.wrongBearer}` } },
  { path: "/models", headers: { "x-api-key": planted.wrongHeaderKey, cookie: planted.cookie } },
  { path: "/v1/models", headers: { "x-api-key": planted.wrongHeaderKey } },
  { path: `/v1beta/models?key=${planted.wrongQueryKey}` },
  { path: `/v1beta/models/x:generateContent?key=${planted.wrongQueryKey}`, body: {} },
  { path: `/nowhere?key=${planted.wrongQueryKey}&token=${planted.pathToken}` },
  { path: `/models?access_token=${planted.pathToken}` },
];

/** Sends it; gives all that came back, headers too. */
async function answer(url: string, { path, body, headers }: Sent, key?: string): Promise<string> {
  const request = httpRequest(`${url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
  });
  const responded = once(request, "response");
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await responded;
  return JSON.stringify(response.headers) + (await textOf(response));
}

async function run(args: readonly string[], options: { cwd?: string; env: NodeJS.ProcessEnv }) {
  const [file = "", ...rest] = args;
  const child = spawn(file, rest, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const [out, err, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, "close"),
  ]);
  return { said: out + err, code };
}

/** A gateway of its own process, whatever the form of its log. */
async function started(file: string, port: number) {
  const [program = "", ...args] = fromSource("serve", "--config", file);
  const env = { PATH: process.env.PATH, ...environment };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
  const closed = once(child, "close");
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said += chunk;
    });
  }
  const isUp = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) {
    if (child.exitCode !== null) throw new Error(`it ended: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    output: () => said,
    async stop(): Promise<number | null> {
      child.kill("SIGTERM");
      const [code] = await closed;
      return code;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

describe.each(["json", "text"])("with a log of %s, at debug", (format) => {
  test("log, errors, metrics, audit log, history and recent calls have none of them", async () => {
    await using provider = await startProvider("openai-chat");
    await using folder = await temporaryFolder();
    await folder.write("secret", `${planted.fileSecret}\n`);
    const port = await freePort();
    const file = await folder.write(
      "gateway.yaml",
      `${yaml(provider.url, port)}logging: { level: debug, format: ${format}, routing: true }\n`,
    );
    const answers: string[] = [];
    await using gateway = await started(file, port);
    const url = `http://127.0.0.1:${port}`;
    for (const sent of guesses) answers.push(await answer(url, sent));
    for (const asked of [model, "gone/double", "openai/gpt", "judged", "nowhere"]) {
      for (const sent of chats(asked)) answers.push(await answer(url, sent, planted.callerKey));
    }
    // A provider that tells the key that it refuses.
    const words = `Incorrect API key provided: ${planted.providerKey}.`;
    for (const status of [400, 401, 403, 404, 429, 500]) {
      provider.illness = { kind: "status", status, body: { error: { message: words, type: "x" } } };
      for (const sent of chats(model).filter(
        ({ path }) => path.includes("chat") || path.includes("audio"),
      )) {
        answers.push(await answer(url, sent, planted.callerKey));
      }
    }
    for (const path of [
      "/metrics",
      "/openapi.json",
      "/",
      "/healthz",
      "/stats",
      "/api/v1/backends",
      "/api/v1/requests",
    ]) {
      answers.push(await answer(url, { path }, planted.operatorKey));
    }
    const calls = createClient(RequestsService, grpcTo(url));
    const headers = { authorization: `Bearer ${planted.operatorKey}` };
    const { requests } = await calls.listRequests({ pageSize: 1000 }, { headers });
    expect(requests.length).toBeGreaterThan(20);
    for (const { requestId } of requests) {
      const kept = await calls.getRequest({ requestId }, { headers });
      answers.push(toJsonString(GetRequestResponseSchema, kept));
    }
    expect(await gateway.stop()).toBe(0);
    for (const text of answers) expect([found(text), text]).toEqual([[], text]);
    expect(found(gateway.output())).toEqual([]);
    expect(gateway.output().length).toBeGreaterThan(10_000);
    const kept = ["audit.log", "history.sqlite"].map((name) =>
      readFileSync(`${folder.path}/${name}`, "latin1"),
    );
    expect(kept.map(found)).toEqual([[], []]);
  }, 120_000);
});

test("check has none of them, whether all is well or not", async () => {
  await using folder = await temporaryFolder();
  await folder.write("secret", planted.fileSecret);
  const env = { PATH: process.env.PATH, ...environment };
  for (const more of ["", "cores: [{ url: nowhere }]\n", "- nonsense: ["]) {
    const file = await folder.write("gateway.yaml", `${yaml("http://127.0.0.1:1")}${more}`);
    const { said } = await run(fromSource("check", "--config", file), { env });
    expect(said.length).toBeGreaterThan(20);
    expect(found(said)).toEqual([]);
  }
});

test.each([
  { name: "an exception", code: (thrown: string) => `setTimeout(() => { throw ${thrown}; });` },
  { name: "a rejected promise", code: (thrown: string) => `Promise.reject(${thrown});` },
])("the last words after $name have none of them", async ({ code }) => {
  const words = [
    `no way to postgres://user:${planted.databasePassword}@db/x`,
    `GET /v1beta/models?key=${planted.wrongQueryKey}`,
    `{"authorization":"Bearer ${planted.wrongBearer}"}`,
    `key ${planted.vendorKey}`,
  ].join(" ");
  const error = `Object.assign(new Error(${JSON.stringify(words)}, { cause: new Error(${JSON.stringify(words)}) }), { config: { headers: { authorization: ${JSON.stringify(planted.wrongBearer)} } } })`;
  for (const thrown of [error, JSON.stringify(words)]) {
    const script = `
      import { exitOnCrash } from "#cli/lifetime.ts";
      import { createLogger } from "#observability/logger.ts";
      exitOnCrash(createLogger({ level: "info", format: "json", output: "stdout" }));
      ${code(thrown)}
    `;
    const command = [process.execPath, "-C", "source", "--input-type=module", "-e", script];
    const { said, code: status } = await run(command, { env: { PATH: process.env.PATH } });
    expect(status).toBe(1);
    expect(said).toContain('"msg":"uncaught exception"');
    expect(said).toContain("[redacted]");
    expect(found(said)).toEqual([]);
  }
});
