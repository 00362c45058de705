/** A gateway takes over other settings under load: no call fails, and the generation before is closed after its last call. */

import { once } from "node:events";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, describe, expect, test } from "vitest";
import type { Agent } from "#agent/agent.ts";
import {
  ChatResponseSchema,
  ModelSchema,
  StreamChatResponseSchema,
} from "#gen/polyagent/core/v1/core_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { loadYaml, settingsOf } from "../support/config-folder.ts";
import { type CoreServer, startCoreServer } from "../support/core-server.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

/** A core that says its name, and ends calls whose words are `hold` once it is let. */
interface NamedCore extends CoreServer {
  /** Calls that are held. */
  readonly held: () => number;
  release(): void;
}

async function startNamedCore(name: string): Promise<NamedCore> {
  const gate = Promise.withResolvers<void>();
  let held = 0;
  const wait = async (request: { messages: { content: string }[] }) => {
    if (request.messages.at(-1)?.content !== "hold") return;
    held += 1;
    await gate.promise;
  };
  const agent: Agent = {
    async chat(request) {
      await wait(request);
      return create(ChatResponseSchema, { content: name, model: name, finishReason: "stop" });
    },
    async *streamChat(request) {
      yield create(StreamChatResponseSchema, { model: name, delta: `${name} ` });
      await wait(request);
      yield create(StreamChatResponseSchema, { delta: "ended", finishReason: "stop" });
    },
    listModels: () => [create(ModelSchema, { id: name })],
    warmUp: async () => {},
  };
  const server = await startCoreServer(agent);
  return Object.assign(server, { held: () => held, release: () => gate.resolve() });
}

function yamlFor(core: CoreServer, more = ""): string {
  return `
gateway: { host: 127.0.0.1, port: 0 }
cores: [{ url: "${core.url}" }]
${more}`;
}

const settingsFor = (core: CoreServer, more?: string) => settingsOf(loadYaml(yamlFor(core, more)));

let open = new AsyncDisposableStack();
afterEach(async () => {
  await open.disposeAsync();
  open = new AsyncDisposableStack();
});

async function started() {
  const before = open.use(await startNamedCore("before"));
  const after = open.use(await startNamedCore("after"));
  const gateway = open.use(await startTestGateway({ yaml: yamlFor(before) }));
  const client = createClient(ChatService, createGrpcTransport({ baseUrl: gateway.url }));
  return { before, after, gateway, client };
}

/** What a WebSocket is told, to its end. */
async function overWebSocket({ url }: RunningGateway, message: string) {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/api/v1/chat:stream`);
  const texts: string[] = [];
  socket.addEventListener("message", ({ data }) => texts.push(JSON.parse(data).delta ?? ""));
  socket.addEventListener("open", () => socket.send(JSON.stringify({ message })));
  const [{ code }] = await once(socket, "close");
  return { said: texts.join(""), code };
}

type Client = Awaited<ReturnType<typeof started>>["client"];

async function streamed(client: Client, message: string): Promise<string> {
  let said = "";
  for await (const { delta } of client.streamChat({ message })) said += delta;
  return said;
}

/** Asks over and over until it is stopped; who answered, in order. */
function load(ask: () => Promise<string>) {
  const answers: string[] = [];
  let isOver = false;
  const done = (async () => {
    while (!isOver) answers.push(await ask());
  })();
  return {
    answers,
    async stop() {
      isOver = true;
      await done;
    },
  };
}

describe("other settings", () => {
  test("are taken over while calls of all kinds are open, and no call fails", async () => {
    const { before, after, gateway, client } = await started();
    const held = [
      client.chat({ message: "hold" }).then(({ response }) => response),
      streamed(client, "hold"),
      overWebSocket(gateway, "hold").then(({ said, code }) => `${said} ${code}`),
    ];
    await expect.poll(before.held).toBe(3);
    const rest = async () => {
      const response = await fetch(`${gateway.url}/api/v1/chat`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"message":"hi"}',
      });
      const body = (await response.json()) as { response: string };
      return response.status === 200 ? body.response : JSON.stringify(body);
    };
    const loads = [
      load(async () => (await client.chat({ message: "hi" })).response),
      load(() => streamed(client, "hi")),
      load(rest),
      load(rest),
      load(async () => (await overWebSocket(gateway, "hi")).said),
    ];
    await expect.poll(() => loads.every(({ answers }) => answers.length > 3)).toBe(true);

    let isReplaced = false;
    const replaced = gateway.replace(settingsFor(after)).then(() => {
      isReplaced = true;
    });
    await expect
      .poll(() => loads.every(({ answers }) => answers.at(-1)?.startsWith("after")), {
        timeout: 10_000,
      })
      .toBe(true);
    // The generation before has calls: it is there, and so are its connections.
    expect([isReplaced, before.sessions()]).toEqual([false, 1]);
    before.release();
    expect(await Promise.all(held)).toEqual(["before", "before ended", "before ended 1000"]);
    await replaced;
    await expect.poll(before.sessions).toBe(0);
    await Promise.all(loads.map(({ stop }) => stop()));
    for (const { answers } of loads) {
      const names = answers.map((said) => said.replace(/ ended$/, ""));
      const swap = names.indexOf("after");
      expect(new Set(names.slice(0, swap))).toEqual(new Set(["before"]));
      expect(new Set(names.slice(swap))).toEqual(new Set(["after"]));
    }
  });

  test("that cannot change while the process lives are refused by name, and nothing changes", async () => {
    const { after, gateway, client } = await started();
    const more = "history: { retention: 2d }\nlogging: { level: error }";
    const replaced = gateway.replace(settingsFor(after, more));
    await expect(replaced).rejects.toThrow(
      "history: the process has to start again to take this over",
    );
    expect((await client.chat({ message: "hi" })).response).toBe("before");
  });

  test("replace each other in the order in which they come, and what is replaced is closed", async () => {
    const { before, after, gateway, client } = await started();
    for (const core of [after, before, after]) {
      await gateway.replace(settingsFor(core));
      expect((await client.chat({ message: "hi" })).response).toBe(
        core === after ? "after" : "before",
      );
    }
    await expect.poll(before.sessions).toBe(0);
    expect(gateway.gateway.facts().backends[0]).toContain(after.url);
  });

  test("leave health and readiness as the new generation has them", async () => {
    const { before, after, gateway } = await started();
    await gateway.replace(settingsFor(after));
    // What becomes of a core that is no one's any more says nothing of the gateway.
    await before[Symbol.asyncDispose]();
    const ready = await fetch(`${gateway.url}/readyz`);
    expect(ready.status).toBe(200);
  });
});
