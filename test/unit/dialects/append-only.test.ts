/** One more turn of a conversation only adds to what a provider gets: prompt caches depend on it. */

import { describe, expect, test } from "vitest";
import { clients, servers } from "#dialects/dialects.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";

const turns = [
  { role: "system", content: "Be kind." },
  { role: "user", content: [{ type: "text", text: "Weather in Oslo and Rome?" }] },
  {
    role: "assistant",
    content: null,
    tool_calls: [
      { id: "a:1", type: "function", function: { name: "temp", arguments: '{"city":"Oslo"}' } },
      { id: "a_1", type: "function", function: { name: "temp", arguments: '{"city":"Rome"}' } },
    ],
  },
  { role: "tool", tool_call_id: "a:1", content: "4" },
  { role: "tool", tool_call_id: "a_1", content: "19" },
  { role: "assistant", content: "4 and 19." },
  { role: "user", content: "And Ulm?" },
  { role: "assistant", content: "I do not know." },
  { role: "user", content: "Why?" },
];
const tools = [
  { type: "function", function: { name: "temp", parameters: { type: "object", properties: {} } } },
];

/** The list of turns in a provider's body. */
const listOf = (body: Record<string, unknown>) =>
  (body.messages ?? body.contents ?? body.input) as unknown[];

describe("the same conversation and a turn", () => {
  test.each(Object.entries(clients))("gives %s the same bytes and a turn", (_name, client) => {
    const written = [2, 7, 9].map((count) => {
      const body = { model: "m", messages: turns.slice(0, count), tools };
      const { request } = servers["openai-chat"].readRequest(body);
      return client.writeRequest(request, { model: "m", facts: defaultModelFacts }).body;
    });
    for (const [index, body] of written.entries()) {
      const before = written[index - 1];
      if (before === undefined) continue;
      const text = JSON.stringify(listOf(body));
      const prefix = JSON.stringify(listOf(before)).slice(0, -1);
      expect(text.startsWith(prefix), `${text}\ndoes not begin with\n${prefix}`).toBe(true);
      expect(JSON.stringify(body.tools)).toEqual(JSON.stringify(before.tools));
    }
  });
});
