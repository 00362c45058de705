/** `credentials: client`: a client's own credential for a vendor reaches that vendor and nobody else, and the gateway's key reaches nobody. */

import Anthropic from "@anthropic-ai/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

const gatewayKey = "a-key-of-the-gateway-itself";
const otherKey = "another-key-of-the-gateway";

let vendor: ProviderDouble;
let second: ProviderDouble;
let closed: RunningGateway;
let open: RunningGateway;

const providers = () => `
providers:
  vendor: { dialect: anthropic, base_url: "${vendor.url}", credentials: client }
  second: { dialect: anthropic, base_url: "${second.url}", credentials: client }
routes:
  both: { fallback: [vendor/double, second/double] }
  copied: { weighted: [{ provider: vendor, model: double }], mirror: { to: second/double, share: 1 } }
cache: { enabled: true }
`;

beforeAll(async () => {
  vendor = await startProvider("anthropic");
  second = await startProvider("anthropic");
  closed = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: one, key: ${gatewayKey} }, { name: other, key: ${otherKey} }] }
${providers()}`,
  });
  open = await startTestGateway({ yaml: `gateway: { host: 127.0.0.1, port: 0 }${providers()}` });
});

afterAll(async () => {
  for (const one of [closed, open, vendor, second]) await one[Symbol.asyncDispose]();
});

const chatsAt = ({ received }: ProviderDouble) =>
  received.filter(({ path }) => path.includes("/messages"));

afterEach(() => {
  for (const double of [vendor, second]) {
    double.received.length = 0;
    double.faults.length = 0;
    double.scripts.length = 0;
  }
});

const message = { max_tokens: 20, messages: [{ role: "user" as const, content: "Hi" }] };

/** A chat with these fields, of a client that speaks the vendor's API. */
async function chat(
  gateway: RunningGateway,
  headers: Readonly<Record<string, string>>,
  model = "vendor/double",
) {
  const response = await fetch(`${gateway.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ ...message, model }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe("the client's credential", () => {
  test("reaches the vendor in the header that its client chose, beside x-polygate-key, which stays here", async () => {
    const own = { "x-polygate-key": gatewayKey };
    const client = new Anthropic({
      ...{ baseURL: closed.url, maxRetries: 0, defaultHeaders: own },
      authToken: "an-oauth-token",
    });
    const answer = await client.messages.create({ ...message, model: "vendor/double" });
    expect(answer.content).toMatchObject([{ text: "Hello there" }]);
    expect((await chat(closed, { ...own, "x-api-key": "sk-ant-mine" })).status).toBe(200);
    const sent = chatsAt(vendor).map(({ headers }) => [
      headers.authorization,
      headers["x-api-key"],
    ]);
    expect(sent).toEqual([
      ["Bearer an-oauth-token", undefined],
      [undefined, "sk-ant-mine"],
    ]);
    expect(JSON.stringify(vendor.received)).not.toContain(gatewayKey);
  });

  test("of a client that speaks another API is sent as the vendor wants it", async () => {
    const response = await fetch(`${closed.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-polygate-key": gatewayKey,
        authorization: "Bearer sk-ant-mine",
      },
      body: JSON.stringify({ ...message, model: "vendor/double" }),
    });
    expect(response.status).toBe(200);
    const [asked] = chatsAt(vendor);
    expect([asked?.headers["x-api-key"], asked?.headers.authorization]).toEqual([
      "sk-ant-mine",
      undefined,
    ]);
  });

  test("needs nothing beside it where the gateway asks for no key", async () => {
    expect((await chat(open, { "x-api-key": "sk-ant-mine" })).status).toBe(200);
    expect(chatsAt(vendor)[0]?.headers["x-api-key"]).toBe("sk-ant-mine");
  });

  test.each([
    { name: "the gateway's key alone", headers: { "x-api-key": gatewayKey } },
    {
      name: "the gateway's key twice",
      headers: { "x-polygate-key": gatewayKey, "x-api-key": gatewayKey },
    },
    {
      name: "another of the gateway's keys",
      headers: { "x-polygate-key": gatewayKey, authorization: `Bearer ${otherKey}` },
    },
  ])("is never $name: the call is refused, and no vendor asked", async ({ headers }) => {
    const { status, text } = await chat(closed, headers);
    expect([status, text]).toEqual([401, expect.stringContaining("x-polygate-key")]);
    expect(chatsAt(vendor)).toEqual([]);
  });

  test("does not stand in for the gateway's key", async () => {
    expect((await chat(closed, { "x-api-key": "sk-ant-mine" })).status).toBe(401);
    const wrong = { "x-polygate-key": "wrong", "x-api-key": gatewayKey };
    expect((await chat(closed, wrong)).status).toBe(401);
    expect(chatsAt(vendor)).toEqual([]);
  });

  test("that the vendor refuses, or limits, is its client's alone: it gets the vendor's words, and others are served", async () => {
    for (const status of [401, 429]) {
      for (let count = 0; count < 6; count += 1) {
        vendor.faults.push({ kind: "status", status });
        const refused = await chat(open, { "x-api-key": "sk-ant-bad" });
        expect([refused.status, refused.headers.get("x-polygate-attempts")]).toEqual([status, "1"]);
      }
      const well = await chat(open, { "x-api-key": "sk-ant-good" });
      expect([well.status, well.headers.get("x-polygate-attempts")]).toEqual([200, "1"]);
    }
  });

  test("goes to the first vendor that a call is given to: neither a fallback nor a mirror has it", async () => {
    vendor.faults.push({ kind: "status", status: 500 }, { kind: "status", status: 500 });
    const failed = await chat(open, { "x-api-key": "sk-ant-mine" }, "both");
    expect(failed.status).not.toBe(200);
    expect((await chat(open, { "x-api-key": "sk-ant-mine" }, "copied")).status).toBe(200);
    let text = "";
    while (!/^load_balancer_mirrored_total\{result="failed"\} 1$/m.test(text)) {
      text = await (await fetch(`${open.url}/metrics`)).text();
    }
    expect(chatsAt(second)).toEqual([]);
  });

  test("tells callers apart in the cache: nobody is given what another one's credential has paid for", async () => {
    const wish = { "x-polygate-cache": "use" };
    const cached = async (key: string) =>
      (await chat(open, { ...wish, "x-api-key": key })).headers.get("x-polygate-cache");
    expect([await cached("sk-a"), await cached("sk-a"), await cached("sk-b")]).toEqual([
      "miss",
      "hit",
      "miss",
    ]);
  });

  test("is in no line of the log", async () => {
    await chat(open, { "x-api-key": "sk-ant-secret-of-a-client" });
    vendor.faults.push({ kind: "status", status: 401 });
    await chat(open, { "x-api-key": "sk-ant-secret-of-a-client" });
    await open.line(({ msg, status }) => msg === "call" && status === 401);
    expect(JSON.stringify(open.lines)).not.toContain("secret-of-a-client");
  });
});
