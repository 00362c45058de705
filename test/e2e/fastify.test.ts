/** `polygate/fastify`: the gateway in a Fastify server of somebody else's, with all that holds for its calls. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import fastify from "fastify";
import { beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ConfigService } from "#gen/polygate/v1/config_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { polygate } from "../../src/fastify/plugin.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const key = "a-calling-key-of-24-characters";
const adminKey = "an-admin-key-of-24-characters";

describe("in a Fastify server", () => {
  let url: string;
  const lines: Record<string, unknown>[] = [];
  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const config = await folder.write(
      "gateway.yaml",
      `
models: { path: models }
logging: { level: info }
auth:
  keys:
    - { name: caller, key: ${key}, requests_per_minute: 60 }
    - { name: boss, key: ${adminKey}, scopes: [admin] }
`,
    );
    await folder.write("models/empty", "");
    const server = fastify({ http2: true });
    stack.defer(() => server.close());
    server.get("/own", () => "a page of its own");
    await server.register(polygate, {
      config,
      env: {},
      log: (line) => lines.push(JSON.parse(line)),
    });
    url = await server.listen({ host: "127.0.0.1", port: 0 });
    const owned = stack.move();
    return () => owned.disposeAsync();
  });

  const transports = {
    grpc: (sent?: string) =>
      createGrpcTransport({ baseUrl: url, interceptors: sent === undefined ? [] : [keyed(sent)] }),
    connect: (sent?: string) =>
      createConnectTransport({
        baseUrl: url,
        httpVersion: "2",
        interceptors: sent === undefined ? [] : [keyed(sent)],
      }),
  };
  const keyed =
    (
      sent: string,
    ): NonNullable<Parameters<typeof createGrpcTransport>[0]["interceptors"]>[number] =>
    (next) =>
    (request) => {
      request.header.set("x-api-key", sent);
      return next(request);
    };
  const codeOf = async (call: Promise<unknown>) =>
    ConnectError.from(
      await call.then(
        () => "it went through",
        (thrown) => thrown,
      ),
    ).code;

  describe.each(["grpc", "connect"] as const)("by %s", (protocol) => {
    test("calls are answered, and stream", async () => {
      const chat = createClient(ChatService, transports[protocol](key));
      expect((await chat.chat({ message: "what is 12*7?", useTools: true })).response).toMatch(
        /^12\*7 = 84/,
      );
      const pieces: unknown[] = [];
      for await (const piece of chat.streamChat({ message: "hello" })) pieces.push(piece);
      expect(pieces.length).toBeGreaterThan(1);
    });

    test("who has no key is refused, and so is who lacks a scope or sends what is not sound", async () => {
      const message = "hello";
      const nobody = createClient(ChatService, transports[protocol]());
      expect(await codeOf(nobody.chat({ message }))).toBe(Code.Unauthenticated);
      const caller = transports[protocol](key);
      expect(await codeOf(createClient(ConfigService, caller).getConfig({}))).toBe(
        Code.PermissionDenied,
      );
      const empty = createClient(ChatService, caller).chat({ message: "" });
      expect(await codeOf(empty)).toBe(Code.InvalidArgument);
    });
  });

  test("limits hold, and calls are counted and logged as anywhere", async () => {
    const chat = createClient(ChatService, transports.grpc(key));
    const codes: Code[] = [];
    for (let times = 0; times < 10; times += 1) {
      codes.push(await codeOf(chat.chat({ message: "hello" })));
    }
    // A tenth of a minute's requests at once.
    expect(codes).toContain(Code.ResourceExhausted);
    const requests = createClient(RequestsService, transports.connect(adminKey));
    const { requests: seen } = await requests.listRequests({});
    expect(new Set(seen.map(({ principal }) => principal))).toEqual(new Set(["", "caller"]));
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: "call",
        listener: "fastify",
        procedure: "polygate.v1.ChatService/Chat",
        code: "RESOURCE_EXHAUSTED",
      }),
    );
  });

  test("what the server has besides is its own", async () => {
    const { connect } = await import("node:http2");
    const client = connect(url);
    const stream = client.request({ ":path": "/own" });
    const text = (await stream.toArray()).join("");
    client.close();
    expect(text).toBe("a page of its own");
  });
});

test("a configuration that is not sound is refused with its place", async () => {
  await using folder = await temporaryFolder();
  const config = await folder.write("gateway.yaml", "gatway: {}\n");
  const server = fastify();
  await expect(server.register(polygate, { config, env: {} })).rejects.toThrow(
    /gateway\.yaml:1:1: gatway: .*gateway/s,
  );
});
