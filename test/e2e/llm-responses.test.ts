/** OpenAI Responses: what only a provider of the dialect takes is relayed, and refused by name where another is asked. */

import { describe, expect, test } from "vitest";
import { clientKey as key, useDialectGateway } from "../support/dialect-gateway.ts";

const dialects = ["openai-responses", "openai-chat", "anthropic", "gemini", "ollama"] as const;
const others = dialects.filter((name) => name !== "openai-responses");

const gateway = useDialectGateway(dialects, {
  more: (providers) =>
    `  translated: { dialect: openai-responses, relay: false, base_url: "${providers["openai-responses"].url}", api_key: upstream-key }`,
  settings: "load_balancer: { retry_attempts: 0 }",
});

const post = (body: string) =>
  fetch(`${gateway.url}/v1/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body,
  });
const ask = (target: string, input: unknown, more = {}) =>
  post(JSON.stringify({ model: `${target}/double`, input, ...more }));

const partOfTomorrow = { type: "input_hologram", hologram: { depth: 1 } };
const reference = { type: "item_reference", id: "msg_1" };
const user = (...content: unknown[]) => ({ role: "user", content });
const hi = { type: "input_text", text: "Hi" };

describe("content that nobody knows, and references to items", () => {
  test("are relayed byte for byte", async () => {
    const input = JSON.stringify([reference, user(hi, partOfTomorrow)]);
    const body = (model: string) => `{ "input": ${input},"model" :"${model}", "x": 1.0 }`;
    expect((await post(body("openai-responses/double"))).status).toBe(200);
    expect(gateway.heard()[0]?.bytes.toString()).toBe(body("double"));
  });

  test("are told to a provider of the dialect by a translation, too", async () => {
    expect((await ask("translated", [reference, user(hi, partOfTomorrow)])).status).toBe(200);
    expect(gateway.heard()[0]?.body.input).toEqual([reference, user(hi, partOfTomorrow)]);
  });

  test.each(others)("are refused by name for %s", async (target) => {
    const refusal = async (input: unknown) => {
      const response = await ask(target, input);
      return [response.status, ((await response.json()) as { error: unknown }).error];
    };
    expect(await refusal([user(hi, partOfTomorrow)])).toMatchObject([
      400,
      { param: "input[0].content[1]", message: expect.stringContaining("input_hologram") },
    ]);
    expect(await refusal([reference, user(hi)])).toMatchObject([
      400,
      { param: "input[0]", message: expect.stringContaining("item_reference") },
    ]);
    const result = { type: "function_call_output", call_id: "c1", output: [partOfTomorrow] };
    const call = { type: "function_call", call_id: "c1", name: "f", arguments: "{}" };
    expect(await refusal([user(hi), call, result])).toMatchObject([
      400,
      { param: "input[2].output[0]" },
    ]);
    expect(gateway.heard()).toEqual([]);
  });

  test("of chat completions are relayed, and refused by name elsewhere", async () => {
    const chat = (target: string) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({
          model: `${target}/double`,
          messages: [user({ type: "text", text: "Hi" }, partOfTomorrow)],
        }),
      });
    expect((await chat("openai-chat")).status).toBe(200);
    expect(gateway.heard()[0]?.body.messages).toEqual([
      user({ type: "text", text: "Hi" }, partOfTomorrow),
    ]);
    const refusal = await chat("openai-responses");
    expect([refusal.status, await refusal.json()]).toMatchObject([
      400,
      { error: { param: "messages[0].content[1]" } },
    ]);
    expect(gateway.heard()).toHaveLength(1);
  });
});

test.each(others)("a step of a provider's own is left out for %s, and named", async (target) => {
  const search = { type: "web_search_call", id: "ws_1", status: "completed" };
  const said = { role: "assistant", content: [{ type: "output_text", text: "It rains" }] };
  const response = await ask(target, [user(hi), search, said, user(hi)]);
  expect(response.status).toBe(200);
  expect(response.headers.get("x-polygate-dropped")?.split(",")).toContain("input[1]");
  expect(JSON.stringify(gateway.heard()[0]?.body)).not.toContain("web_search_call");
});

/** The data of a stream's events. */
async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).match(/^data: .*$/gm) ?? [];
  return lines.map((line) => JSON.parse(line.slice("data: ".length)));
}

describe("the numbers of a stream's events", () => {
  test.each([
    ["openai-responses", 5],
    ["openai-chat", 3],
  ] as const)(
    "go on in the event that tells of its failure, in front of %s",
    async (target, frames) => {
      gateway.providers[target].faults.push({ kind: "reset_after", frames });
      const events = await eventsOf(await ask(target, "Hi", { stream: true }));
      const numbers = events.map(({ sequence_number: number }) => number);
      expect(numbers).toEqual(numbers.map((_, index) => index));
      expect(events.at(-1)?.type).toBe("response.failed");
      expect(events.length).toBeGreaterThan(frames);
    },
  );
});

test.each(["anthropic", "translated"])(
  "a response of %s tells its request back",
  async (target) => {
    const tool = { type: "function", name: "f", parameters: { type: "object" }, strict: false };
    const asked = {
      tools: [tool],
      tool_choice: { type: "function", name: "f" },
      max_output_tokens: 9,
      prompt_cache_key: "k",
      metadata: { a: "b" },
    };
    const beganAt = Math.floor(Date.now() / 1000);
    const body = (await (await ask(target, "Hi", asked)).json()) as { completed_at: number };
    expect(body).toMatchObject({
      ...asked,
      tools: [{ ...tool, description: null }],
      status: "completed",
      error: null,
      background: false,
    });
    expect(body.completed_at).toBeGreaterThanOrEqual(beganAt);
    const events = await eventsOf(await ask(target, "Hi", { ...asked, stream: true }));
    expect(events[0]).toMatchObject({ response: { ...asked, tools: [{ name: "f" }] } });
    expect(events[0]).toMatchObject({ response: { completed_at: null, usage: null } });
  },
);

test("a compaction is made by a provider that has them, and needs a model", async () => {
  const compact = (body: object) =>
    fetch(`${gateway.url}/v1/responses/compact`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const made = await compact({ model: "openai-responses/double", input: [user(hi)] });
  expect([made.status, await made.json()]).toMatchObject([
    200,
    { object: "response.compaction", output: [{ type: "compaction" }] },
  ]);
  const nameless = await compact({ input: [user(hi)] });
  expect([nameless.status, await nameless.json()]).toMatchObject([
    400,
    { error: { param: "model" } },
  ]);
  const elsewhere = await compact({ model: "anthropic/double", input: [user(hi)] });
  expect(elsewhere.status).toBe(404);
});
