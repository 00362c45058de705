/**
 * `on_client_disconnect: drain`: what a client left behind is finished and counted, whatever protocol it spoke; never
 * more calls, nor for longer, than its route says.
 */

import { createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type Begin, type LeavingClients, leavingClients } from "../support/leaving-clients.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const key = "an-admin-key-that-is-long-enough";

let provider: ProviderDouble;
let gateway: RunningGateway;
let clients: LeavingClients;
/** Lets providers that hold their responses go on. */
let release = (): void => {};
let released: Promise<void>;

async function start(more = ""): Promise<void> {
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0, ${more} }
auth: { keys: [{ name: ops, key: ${key}, scopes: [admin] }] }
load_balancer: { retry_attempts: 3 }
providers:
  double: { dialect: openai, base_url: "${provider.url}", api_key: k, prices: { double: { input: 1000, output: 1000 } } }
routes:
  drained: { weighted: [{ provider: double, model: double }], on_client_disconnect: drain }
  alias: drained
  one: { weighted: [{ provider: double, model: double }], on_client_disconnect: drain, drain_calls: 1 }
  short: { weighted: [{ provider: double, model: double }], on_client_disconnect: drain, drain_time: 50ms }
  cancelled: { weighted: [{ provider: double, model: double }] }
  outer: { fallback: [drained] }
`,
  });
  clients = leavingClients({ url: gateway.url, key });
}

beforeEach(async () => {
  provider = await startProvider("openai-chat");
  await start();
}, 30_000);

afterEach(async () => {
  release();
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** The provider holds what it sends from now on until `release`, streams after so many frames. */
function hold(frames = 3): void {
  ({ promise: released, resolve: release } = Promise.withResolvers<void>());
  provider.illness = { kind: "hold", frames, until: released };
}

/** Begins a chat, and leaves it when the provider has it, or has sent the beginning of its response. */
async function leave(begin: Begin, model: string, isMidstream = false): Promise<void> {
  const before = provider.received.length;
  const call = begin(model, "Hi");
  const ended = call.done.then(
    () => "it was answered",
    () => "left",
  );
  await vi.waitUntil(() => provider.received.length === before + 1, {
    interval: 5,
    timeout: 20_000,
  });
  if (isMidstream) await call.content;
  call.leave();
  expect(await ended).toBe("left");
}

async function metric(line: string): Promise<number> {
  const page = await (await fetch(`${gateway.url}/metrics`)).text();
  const found = page.split("\n").find((one) => one.startsWith(`${line} `));
  return Number(found?.split(" ").at(-1) ?? 0);
}

const drained = (result: string) => metric(`gateway_drained_calls_total{result="${result}"}`);
const draining = () => metric("gateway_draining_calls");

/** The chats that have ended, as operators see them. */
async function ended(count: number) {
  const requests = createClient(RequestsService, grpcTo(gateway.url, key));
  const list = async () => (await requests.listRequests({})).requests;
  await expect.poll(async () => (await list()).length, { timeout: 20_000 }).toBe(count);
  return await list();
}

describe("a client that leaves a route that drains", () => {
  test("has its response finished and counted, whatever protocol it spoke and whenever it left", async () => {
    const ways: (readonly [Begin, boolean])[] = [
      ...Object.values(clients.streams).flatMap((begin) => [
        [begin, false] as const,
        [begin, true] as const,
      ]),
      ...Object.values(clients.whole).map((begin) => [begin, false] as const),
    ];
    let left = 0;
    for (const [begin, isMidstream] of ways) {
      hold();
      await leave(begin, "alias", isMidstream);
      left += 1;
      await expect.poll(draining, { timeout: 20_000 }).toBe(1);
      release();
      const [call] = await ended(left);
      expect(call).toMatchObject({
        code: "CANCELLED",
        promptTokens: 3,
        completionTokens: 5,
        cost: 0.008,
        attempts: 1,
      });
      expect(call?.drainedMs).toBeGreaterThan(0);
    }
    expect(await drained("whole")).toBe(ways.length);
    expect(await draining()).toBe(0);
    expect(provider.abortedAtMs).toEqual([]);
    const lines = gateway.lines.filter(({ msg, drained_ms }) => msg === "call" && drained_ms);
    expect(lines.length).toBe(ways.length);
  }, 120_000);

  test.each(["whole", "streams"] as const)(
    "leaves the response in the cache for the next equal call (%s)",
    async (kind) => {
      const post = (signal?: AbortSignal) =>
        fetch(`${gateway.url}/v1/chat/completions`, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            authorization: `Bearer ${key}`,
            "x-polygate-cache": "use",
          },
          body: JSON.stringify({
            model: "drained",
            stream: kind === "streams",
            messages: [{ role: "user", content: "Hi" }],
          }),
          ...(signal === undefined ? {} : { signal }),
        });
      hold(3);
      const client = new AbortController();
      const first = post(client.signal).then((response) => response.text());
      await vi.waitUntil(() => provider.received.length === 1, { interval: 5 });
      client.abort();
      await expect(first).rejects.toThrow();
      await expect.poll(draining).toBe(1);
      release();
      expect(await ended(1)).toMatchObject([{ completionTokens: 5 }]);
      const second = await post();
      expect(second.headers.get("x-polygate-cache")).toBe("hit");
      expect(await second.text()).toContain("Hello");
      expect(provider.received.length).toBe(1);
    },
  );

  test("has its vectors finished and counted", async () => {
    hold();
    const client = new AbortController();
    const asked = fetch(`${gateway.url}/v1/embeddings`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: "drained", input: "Hi" }),
      signal: client.signal,
    });
    await vi.waitUntil(() => provider.received.length === 1, { interval: 5 });
    client.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(draining).toBe(1);
    release();
    const [call] = await ended(1);
    expect(call?.promptTokens).toBeGreaterThan(0);
    expect(await drained("whole")).toBe(1);
  });

  test("has a relayed reply read to its end, that of an operation with words of its own", async () => {
    let said = 0;
    const times = 400;
    provider.operations.speech = {
      bytes: Buffer.alloc(64 * 1024),
      times,
      onSaid: () => {
        said += 1;
      },
    };
    const client = new AbortController();
    const response = await fetch(`${gateway.url}/v1/audio/speech`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: "drained", input: "Hi", voice: "alloy" }),
      signal: client.signal,
    });
    await response.body?.getReader().read();
    // What the client does not read the provider cannot send.
    expect(said).toBeLessThan(times);
    client.abort();
    await expect.poll(() => drained("whole"), { timeout: 20_000 }).toBe(1);
    expect([said, provider.abortedAtMs]).toEqual([times, []]);
  });

  test("has nobody else asked when the endpoint at work fails", async () => {
    hold(0);
    await leave(clients.streams.gRPC as Begin, "drained");
    await expect.poll(draining).toBe(1);
    // The connection breaks before the first word, which would be tried again for a client that is there.
    await provider.down();
    await provider.up();
    await ended(1);
    expect(await drained("failed")).toBe(1);
    expect(provider.received.length).toBe(1);
  });
});

describe("what goes on for clients that left", () => {
  test("is no more calls than the route says: the next one is cancelled", async () => {
    hold();
    await leave(clients.streams.gRPC as Begin, "one");
    await expect.poll(draining).toBe(1);
    await leave(clients.whole.gRPC as Begin, "one");
    await expect.poll(() => provider.received[1]?.abortedAtMs).toBeDefined();
    expect(provider.received[0]?.abortedAtMs).toBeUndefined();
    expect(await drained("no_room")).toBe(1);
    release();
    expect((await ended(2)).map(({ completionTokens }) => completionTokens)).toEqual([5, 0]);
    hold();
    // A place is free again.
    await leave(clients.whole.gRPC as Begin, "one");
    await expect.poll(draining).toBe(1);
    release();
    await expect.poll(() => drained("whole")).toBe(2);
  });

  test("ends when the route's time is over, and blames nobody", async () => {
    provider.illness = { kind: "stall_after", frames: 3 };
    await leave(clients.streams.gRPC as Begin, "short", true);
    await expect.poll(() => provider.received[0]?.abortedAtMs, { timeout: 20_000 }).toBeDefined();
    expect(await ended(1)).toMatchObject([{ code: "CANCELLED", completionTokens: 3 }]);
    expect(await drained("time_out")).toBe(1);
    expect(await draining()).toBe(0);
    expect(await metric('load_balancer_errors_total{algorithm="weighted",core="double"}')).toBe(0);
  });

  test.each(["cancelled", "outer", "double/double"])(
    "is nothing where the model's own route does not say so (%s)",
    async (model) => {
      hold();
      await leave(clients.streams.gRPC as Begin, model, true);
      await expect.poll(() => provider.received[0]?.abortedAtMs).toBeDefined();
      expect(await draining()).toBe(0);
    },
  );
});

describe("a gateway that stops", () => {
  test("waits for what goes on without a client", async () => {
    hold();
    await leave(clients.streams.gRPC as Begin, "drained", true);
    await expect.poll(draining).toBe(1);
    let isOver = false;
    const over = gateway.gateway.drain().then(() => {
      isOver = true;
    });
    await vi.waitUntil(
      () =>
        fetch(gateway.url).then(
          () => false,
          () => true,
        ),
      { interval: 5 },
    );
    expect(isOver).toBe(false);
    release();
    await over;
    const line = gateway.lines.find(({ drained_ms }) => drained_ms !== undefined);
    expect(line).toMatchObject({ msg: "call", code: "CANCELLED" });
    expect(provider.abortedAtMs).toEqual([]);
  });

  test("waits no longer than its own grace", async () => {
    await gateway[Symbol.asyncDispose]();
    await start("drain_timeout: 50ms");
    provider.illness = { kind: "stall" };
    await leave(clients.whole.gRPC as Begin, "drained");
    await expect.poll(draining).toBe(1);
    await gateway.gateway.drain();
    await expect.poll(() => provider.received[0]?.abortedAtMs).toBeDefined();
    const line = gateway.lines.find(({ drained_ms }) => drained_ms !== undefined);
    expect(line).toMatchObject({ msg: "call", code: "CANCELLED" });
  });
});
