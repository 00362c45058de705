/** A gateway that really has more work than it can do: what is refused, how, and what is answered all the same. */

import { once } from "node:events";
import { connect } from "node:net";
import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { grpcTo } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const plain = "a-plain-key-that-is-long-enough";

function start(overload: string): Promise<RunningGateway> {
  return startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0, max_request_elements: 10000000 }
overload: ${overload}
auth: { keys: [{ name: ops, key: ${admin}, scopes: [admin] }, { name: plain, key: ${plain} }] }
`,
  });
}

/** A chat over REST. */
function chat(url: string, body: string, priority = "normal") {
  return fetch(`${url}/api/v1/chat`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${plain}`,
      "content-type": "application/json",
      "x-polygate-priority": priority,
    },
    body,
  });
}

/** Whatever an operator looks at and uses is there. */
async function expectOperable({ url }: RunningGateway) {
  for (const path of ["/livez", "/readyz", "/metrics", "/healthz"]) {
    const { status } = await fetch(url + path);
    expect({ path, status }).toEqual({ path, status: 200 });
  }
  const backends = createClient(BackendsService, grpcTo(url, admin));
  expect((await backends.listBackends({})).backends.length).toBeGreaterThan(0);
}

describe("an event loop that is late", () => {
  test("refuses low priority and nothing else, until the load is gone", async () => {
    await using gateway = await start("{ lag: 10ms }");
    const { url } = gateway;
    // JSON that takes long to read and is refused in the end: there is no such field.
    const heavy = JSON.stringify({ message: "Hi", x: Array(400_000).fill([1]) });
    const stop = new AbortController();
    const load = Array.from({ length: 12 }, async () => {
      while (!stop.signal.aborted) await (await chat(url, heavy)).arrayBuffer();
    });
    try {
      await expect
        .poll(async () => (await chat(url, '{"message": "Hi"}', "low")).status, { timeout: 60_000 })
        .toBe(503);
      expect((await chat(url, '{"message": "Hi"}')).status).toBe(200);
      await expectOperable(gateway);
    } finally {
      stop.abort();
      await Promise.all(load);
    }
    await expect
      .poll(async () => (await chat(url, '{"message": "Hi"}', "low")).status, { timeout: 60_000 })
      .toBe(200);
    const levels = gateway.lines.filter(({ msg }) => msg === "overload");
    expect(levels[0]).toMatchObject({ level: "warn", refuses: "low", cause: "lag" });
  }, 180_000);
});

describe("a heap that is nearly used up", () => {
  // Any heap uses more of its limit than that.
  const overload = "{ heap: 0.01%, heap_critical: 0.01%, lag: 1m }";

  test("refuses all calls but those of operators, each in its surface's own form", async () => {
    await using gateway = await start(overload);
    const { url } = gateway;
    await gateway.line(({ msg, refuses }) => msg === "overload" && refuses === "all");
    const response = await chat(url, '{"message": "Hi"}', "high");
    expect(response.status).toBe(503);
    const pause = Number(response.headers.get("retry-after"));
    expect([1, 2, 3]).toContain(pause);
    expect(await response.json()).toMatchObject({ error: { code: "LOAD_SHED" } });

    const openai = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${plain}`, "content-type": "application/json" },
      body: '{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}',
    });
    expect([openai.status, openai.headers.has("retry-after")]).toEqual([503, true]);

    const chats = createClient(ChatService, grpcTo(url, plain));
    const error = faultFrom(await chats.chat({ message: "Hi" }).catch((thrown) => thrown));
    expect(reasonOf(error)).toBe("LOAD_SHED");
    expect(retryAfterMsFrom(error)).toBeGreaterThanOrEqual(1_000);

    await expectOperable(gateway);
    const page = await (await fetch(`${url}/metrics`)).text();
    expect(page).toContain("overload_level 2\n");
    expect(page).toContain('overload_shed_calls_total{refused="all",cause="heap"} 3\n');
  });

  test("refuses before the body comes", async () => {
    await using gateway = await start(overload);
    await gateway.line(({ msg, refuses }) => msg === "overload" && refuses === "all");
    const { port } = new URL(gateway.url);
    for (const path of ["/api/v1/chat", "/polygate.v1.ChatService/Chat", "/v1/messages"]) {
      const socket = connect(Number(port), "127.0.0.1");
      const fields = `host: a\r\nauthorization: Bearer ${plain}\r\ncontent-type: application/json`;
      socket.write(`POST ${path} HTTP/1.1\r\n${fields}\r\ncontent-length: 1000000\r\n\r\n{`);
      const [answer] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      expect(answer.toString(), path).toMatch(/^HTTP\/1\.1 503 /);
    }
  });
});
