/** A route's mirror: copies of its chats reach a second target, whatever becomes of them there, and no call notices. */

import Anthropic from "@anthropic-ai/sdk";
import { createClient } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const key = "an-admin-key-that-is-long-enough";

let first: ProviderDouble;
let second: ProviderDouble;
let gateway: RunningGateway;

beforeAll(async () => {
  first = await startProvider("anthropic");
  second = await startProvider("anthropic");
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: ops, key: ${key}, scopes: [admin] }] }
history: { cache_ttl: 0s }
providers:
  first: { dialect: anthropic, base_url: "${first.url}", api_key: first-key }
  second: { dialect: anthropic, base_url: "${second.url}", api_key: second-key, prices: { other: { input: 100, output: 200 } } }
routes:
  copied: { weighted: [{ provider: first, model: double }], mirror: { to: second/other, share: 100% } }
  alias: copied
  never: { weighted: [{ provider: first, model: double }], mirror: { to: second/other, share: 0.0000001% } }
  twice: { weighted: [{ provider: first, model: double }], mirror: { to: copied, share: 1 } }
`,
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

const chats = () => createClient(ChatService, grpcTo(gateway.url, key));
const paths = (double: ProviderDouble) =>
  double.received.filter(({ path }) => path.includes("/messages"));

/** How many copies ended so. */
async function copies(result: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const line = new RegExp(`^load_balancer_mirrored_total\\{result="${result}"\\} (\\d+)$`, "m");
  return Number(line.exec(text)?.[1] ?? 0);
}

/** Resolves once so many more copies have ended than `before`. */
async function untilCopied(result: string, wanted: number): Promise<void> {
  while ((await copies(result)) < wanted) await new Promise((resolve) => setTimeout(resolve, 5));
}

afterEach(() => {
  first.received.length = 0;
  second.received.length = 0;
  second.illness = undefined;
  second.faults.length = 0;
});

describe("a copy", () => {
  test("of a whole chat and of a stream reaches the second target with its own key and model; the client gets the first one's response", async () => {
    const before = await copies("ok");
    second.scripts.push({ text: "Nobody reads this" }, { text: "Nor this" });
    let provider: string | null = null;
    const { response } = await chats().chat(
      { message: "Hi", modelPreference: "copied" },
      { onHeader: (headers) => (provider = headers.get("x-polygate-provider")) },
    );
    expect([response, provider]).toEqual(["Hello there", "first"]);
    let streamed = "";
    for await (const { delta } of chats().streamChat({ message: "Hi", modelPreference: "alias" })) {
      streamed += delta;
    }
    expect(streamed).toBe("Hello there");
    await untilCopied("ok", before + 2);
    expect(
      paths(second).map(({ headers, body }) => [headers["x-api-key"], body.model, body.stream]),
    ).toEqual([
      ["second-key", "other", undefined],
      ["second-key", "other", true],
    ]);
    expect(paths(second).map(({ body }) => body.messages)).toEqual(
      paths(first).map(({ body }) => body.messages),
    );
  });

  test("of a relayed call is relayed, and the client's bytes are still the first one's", async () => {
    const before = await copies("ok");
    second.scripts.push({ text: "Nobody reads this" });
    const client = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
    const message = await client.messages.create({
      model: "copied",
      max_tokens: 50,
      messages: [{ role: "user", content: "Hi" }],
      ...{ field_of_tomorrow: [1, 2] },
    });
    expect(message.content).toMatchObject([{ type: "text", text: "Hello there" }]);
    await untilCopied("ok", before + 1);
    expect(paths(second)[0]?.body).toEqual({ ...paths(first)[0]?.body, model: "other" });
    expect(paths(second)[0]?.body.field_of_tomorrow).toEqual([1, 2]);
  });

  test("that fails, or never ends, changes no response", async () => {
    const before = await copies("failed");
    second.faults.push({ kind: "status", status: 500 });
    const { response } = await chats().chat({ message: "Hi", modelPreference: "copied" });
    expect(response).toBe("Hello there");
    await untilCopied("failed", before + 1);
    // Once, whatever the retries of calls are.
    expect(paths(second).length).toBe(1);
    second.faults.push({ kind: "stall_after", frames: 0 });
    for (let count = 0; count < 3; count += 1) {
      const next = await chats().chat({ message: "Hi", modelPreference: "copied" });
      expect(next.response).toBe("Hello there");
    }
  });

  test("is shown among recent calls, and what it used is the second target's", async () => {
    const before = await copies("ok");
    const stats = createClient(StatsService, grpcTo(gateway.url, key));
    const used = async () => (await stats.getPerformance({})).providerStats.second;
    const was = await used();
    await chats().chat(
      { message: "Hi", modelPreference: "copied" },
      { headers: { "x-request-id": "the-call" } },
    );
    await untilCopied("ok", before + 1);
    const requests = createClient(RequestsService, grpcTo(gateway.url, key));
    const { requests: shown } = await requests.listRequests({ filter: { surface: "mirror" } });
    expect(shown[0]).toMatchObject({
      requestId: "the-call-mirror",
      procedure: "polygate.v1.ChatService/Chat",
      provider: "second",
      model: "double",
      principal: "ops",
    });
    const is = await used();
    expect((is?.totalTokens ?? 0) - (was?.totalTokens ?? 0)).toBe(8);
    expect(is?.totalCost ?? 0).toBeGreaterThan(was?.totalCost ?? 0);
  });

  test("is not made for a share that chance does not hit, nor of a copy", async () => {
    const before = await copies("ok");
    await chats().chat({ message: "Hi", modelPreference: "never" });
    await chats().chat({ message: "Hi", modelPreference: "twice" });
    await untilCopied("ok", before + 1);
    // The call, and its copy at the route that it was copied to, which makes none of the copy.
    expect([paths(first).length, paths(second).length]).toEqual([3, 0]);
    expect(await copies("ok")).toBe(before + 1);
  });
});

test("copies that are under way when the gateway stops do not keep it", async () => {
  await using slow = await startProvider("anthropic");
  slow.delayMs = 60_000;
  const stopped = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
providers:
  first: { dialect: anthropic, base_url: "${first.url}", api_key: k }
  slow: { dialect: anthropic, base_url: "${slow.url}", api_key: k }
routes: { copied: { weighted: [{ provider: first, model: double }], mirror: { to: slow/double, share: 1 } } }
`,
  });
  const client = createClient(ChatService, grpcTo(stopped.url));
  await client.chat({ message: "Hi", modelPreference: "copied" });
  while (slow.open() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await stopped.gateway.drain();
  while (slow.open() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await stopped[Symbol.asyncDispose]();
});
