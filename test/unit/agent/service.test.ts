/** The core's service hands on what the agent says, and no error without a reason. */

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type Agent, agentModel, createAgent, plainAgent } from "#agent/agent.ts";
import { registerCoreService } from "#agent/service.ts";
import { seededRng } from "#core/rng.ts";
import { reasonOf } from "#errors/fault.ts";
import { ChatRequestSchema, CoreService } from "#gen/polyagent/core/v1/core_pb.js";
import { createManualClock } from "../../support/manual-clock.ts";

const agent = createAgent(plainAgent, { clock: createManualClock(), rng: seededRng(1) });
const request = create(ChatRequestSchema, { messages: [{ role: "user", content: "count to 9" }] });

function clientOf(served: Agent) {
  const transport = createRouterTransport((router) => registerCoreService(router, served));
  return createClient(CoreService, transport);
}

test("chat, stream and models are the agent's", async () => {
  const client = clientOf(agent);
  const whole = await client.chat(request);
  const pieces = await Array.fromAsync(client.streamChat(request));
  const { models } = await client.listModels({});
  expect(whole.content).toBe("1 2 3 4 5 6 7 8 9");
  expect(pieces.map(({ delta }) => delta).join("")).toBe(whole.content);
  expect(models.map(({ id }) => id)).toEqual([agentModel]);
});

test("a bug in the agent leaves as INTERNAL, its text stays inside", async () => {
  const client = clientOf({
    ...agent,
    chat: () => Promise.reject(new TypeError("secret is undefined")),
    // biome-ignore lint/correctness/useYield: it fails before it could
    async *streamChat() {
      throw new TypeError("secret is undefined");
    },
  });
  const caught = [
    client.chat(request).catch(ConnectError.from),
    Array.fromAsync(client.streamChat(request)).catch(ConnectError.from),
  ];
  for (const error of await Promise.all(caught)) {
    if (!(error instanceof ConnectError)) expect.unreachable("it should have failed");
    expect([error.code, reasonOf(error)]).toEqual([Code.Internal, "INTERNAL"]);
    expect(error.message).not.toContain("secret");
  }
});
